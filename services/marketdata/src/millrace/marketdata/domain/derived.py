"""Markets that are worked out of another one: the same pair at another exchange, or priced in rand.

They exist only where the market is a played one: nothing is made up beside a real exchange's prices.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal

from millrace.common.kernel.instruments import INSTRUMENTS, Instrument
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import times
from millrace.marketdata.domain.folding import turnover
from millrace.marketdata.domain.orderbook import BookSnapshot
from millrace.marketdata.domain.platforms import PLATFORMS
from millrace.marketdata.domain.ticks import Tick
from millrace.marketdata.domain.walk import quotes

_RAND, _DOLLAR = "ZAR", "USDT"
_ONE = Decimal(1)
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Derived:
    """`instrument` costs `rate` times what `symbol` costs at `exchange`, on a grid of its own, and trades as much."""

    instrument: Instrument
    exchange: str
    symbol: str
    rate: Decimal

    @property
    def place(self) -> tuple[str, str]:
        """Its exchange and its symbol."""
        return self.instrument.exchange, self.instrument.symbol

    @property
    def quoted(self) -> Instrument:
        """The instrument as a book is made up of it: in lots no smaller than its source's, so that it is as deep."""
        source = INSTRUMENTS.get((self.exchange, self.symbol), self.instrument)
        return replace(self.instrument, step_size=max(self.instrument.step_size, source.step_size))

    def price(self, price: Decimal) -> Decimal:
        """The price here, a whole number of ticks and at least one."""
        tick = self.instrument.tick_size
        return max((price * self.rate / tick).to_integral_value(ROUND_HALF_EVEN), _ONE) * tick

    def tick(self, tick: Tick) -> Tick:
        """The same trade here."""
        return replace(
            tick, exchange=self.instrument.exchange, symbol=self.instrument.symbol, price=self.price(tick.price)
        )

    def candle(self, candle: Candle) -> Candle:
        """The same candle here, with turnover and number of trades."""
        quote_volume, trades = turnover(candle)
        return Candle(
            *self.place,
            candle.timeframe,
            candle.opened_at,
            self.price(candle.open),
            self.price(candle.high),
            self.price(candle.low),
            self.price(candle.close),
            candle.volume,
            times(quote_volume, self.rate),
            trades,
        )


def derived_markets(exchange: str, symbols: Sequence[str], usdt_zar: Decimal) -> Iterator[Derived]:
    """What the markets `symbols` of `exchange` give elsewhere, among all that is listed.

    These are the same pairs, and the pairs priced in rand, at `usdt_zar` rand for one USDT.
    """
    elsewhere = [i for platform in PLATFORMS.values() for i in platform.instruments if i.exchange != exchange]
    for instrument in elsewhere:
        if instrument.symbol in symbols:
            yield Derived(instrument, exchange, instrument.symbol, _ONE)
        elif instrument.quote == _RAND and f"{instrument.base}/{_DOLLAR}" in symbols:
            yield Derived(instrument, exchange, f"{instrument.base}/{_DOLLAR}", usdt_zar)


def simulated_book(instrument: Instrument, tick: Tick, depth: int) -> BookSnapshot:
    """A made-up book of `depth` levels around a price. Its number is the microsecond, so that it only grows."""
    number = int(tick.at.timestamp() * _MICROSECONDS)
    return quotes(instrument, replace(tick, trade_id=str(number)), depth)
