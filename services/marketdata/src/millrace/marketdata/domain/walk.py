"""A made-up market: a geometric random walk through calm, rising, falling and wild times.

Whole ticks, whole lots and whole-number arithmetic only, so the same seed gives the same market on every machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from millrace.common.kernel import timeframes
from millrace.common.kernel.clock import to_millis
from millrace.common.kernel.instruments import Instrument
from millrace.marketdata.domain.orderbook import BookSnapshot
from millrace.marketdata.domain.ticks import Tick

STEPS = 8
"""Trades in one bar."""
_PPM = 1_000_000
_STAY = 200
_REACH = 8


@dataclass(frozen=True, slots=True)
class Regime:
    """How the price moves from trade to trade, in millionths: its drift and the spread (standard deviation)."""

    name: str
    drift: int
    spread: int


REGIMES = (
    Regime("calm", 0, 150),
    Regime("rising", 25, 250),
    Regime("falling", -25, 250),
    Regime("wild", 0, 900),
)


def walk(instrument: Instrument, timeframe: str, start: datetime, price: Decimal, seed: int) -> Iterator[list[Tick]]:
    """Each bar's trades, for ever, from the bar that holds `start`; the first trade is at `price`.

    The price stays within an eighth and eight times the first. A regime lasts 200 bars on average.
    """
    random = Random(f"{seed}:{instrument.exchange}:{instrument.symbol}")  # noqa: S311 - repeatable on purpose
    first = ticks = max(int(price / instrument.tick_size), _REACH)
    regime, opened_at = REGIMES[0], timeframes.opening(start, timeframe)
    step = timeframes.length(timeframe) / STEPS
    while True:
        if random.randrange(_STAY) == 0:
            regime = REGIMES[random.randrange(len(REGIMES))]
        bar: list[Tick] = []
        for number in range(STEPS):
            lots = 1 + random.randrange(1000) * regime.spread // 100
            bar.append(_tick(instrument, ticks, lots, opened_at, step, number))
            ticks = min(max(ticks + _move(random, ticks, regime), first // _REACH), first * _REACH)
        yield bar
        opened_at += step * STEPS


def _move(random: Random, ticks: int, regime: Regime) -> int:
    # 64 coin flips: mean 32, standard deviation 4. The remainder of the division is rounded by chance,
    # so that a market of few ticks still moves.
    flips = random.getrandbits(64).bit_count() - 32
    millionths = ticks * (4 * regime.drift + flips * regime.spread)
    return (millionths + random.randrange(4 * _PPM)) // (4 * _PPM)


def _tick(instrument: Instrument, ticks: int, lots: int, opened_at: datetime, step: timedelta, number: int) -> Tick:
    return Tick(
        instrument.exchange,
        instrument.symbol,
        ticks * instrument.tick_size,
        lots * instrument.step_size,
        opened_at + number * step,
        str(to_millis(opened_at) * 10 + number),
    )


def quotes(instrument: Instrument, tick: Tick, depth: int) -> BookSnapshot:
    """A book around a trade: `depth` levels each side, half a basis point apart, the same for the same trade."""
    price, number = int(tick.price / instrument.tick_size), int(tick.trade_id)
    apart = max(price // 20_000, 1)

    def level(place: int, side: int) -> tuple[Decimal, Decimal]:
        lots = 1 + (number * 40_503 + place * 2_654_435_761 + (side > 0) * 97) % 5_000
        return (price + side * (1 + place * apart)) * instrument.tick_size, lots * instrument.step_size

    bids = tuple(level(place, -1) for place in range(depth) if price > 1 + place * apart)
    asks = tuple(level(place, 1) for place in range(depth))
    return BookSnapshot(instrument.exchange, instrument.symbol, bids, asks, number, tick.at)
