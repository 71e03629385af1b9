"""The feed that the settings name."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain

import structlog

from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.market import Candle
from millrace.marketdata.adapters.candle_files import read_candles, recorded
from millrace.marketdata.adapters.ccxt import CcxtFeed, Polling
from millrace.marketdata.adapters.ccxt_market import CcxtMarket
from millrace.marketdata.adapters.recorded import (
    RecordedFeed,
    Telling,
    bars_of_trades,
    recorded_book,
    recorded_trades,
    told_as_bars,
    told_as_recorded,
    told_as_ticks,
)
from millrace.marketdata.adapters.synthetic import synthetic_tape, told_with_books
from millrace.marketdata.app.feeds import Feed
from millrace.marketdata.app.ports import Places
from millrace.marketdata.config import MarketdataSettings
from millrace.marketdata.domain.platforms import platform

log = structlog.get_logger()

_SYNTHETIC_BARS = 12_000
_RECORDED = ("BTC/USDT", "ETH/USDT")
_TRADED = ("BTC/USDT",)


def make_feed(settings: MarketdataSettings, clock: Clock, places: Places) -> Feed | None:
    """Raises INVALID_SYMBOL, NOT_FOUND and VALIDATION_ERROR for what cannot be played."""
    match settings.feed:
        case "ccxt":
            return _live(settings, clock)
        case "recorded" | "synthetic":
            return _played(settings, clock, places)
        case _:
            return None


def recorded_bars(settings: MarketdataSettings) -> dict[str, list[Candle]]:
    """The recorded bars of each symbol: of the files if there are any, else those that come along."""
    names, paths = settings.names or list(_RECORDED), settings.files
    if not paths:
        return {name: recorded(settings.exchange, name) for name in names}
    if len(paths) > len(names) or (len(paths) < len(names) and settings.symbols):
        raise MillraceError(Code.VALIDATION_ERROR, f"{len(paths)} files were given for {len(names)} symbols")
    any_grid = settings.feed == "lockstep"
    given = zip(names, paths, strict=False)
    return {name: read_candles(path, settings.exchange, name, any_grid=any_grid) for name, path in given}


def in_order(tape: Mapping[str, Sequence[Candle]]) -> list[Candle]:
    """Several symbols' bars as one: in order of their close, ties by symbol."""
    return sorted(chain.from_iterable(tape.values()), key=lambda bar: (bar.closed_at, bar.symbol))


def _live(settings: MarketdataSettings, clock: Clock) -> Feed:
    log.warning("live market data through ccxt is not verified live", exchange=settings.exchange)
    known = platform(settings.exchange)
    if settings.smallest not in known.timeframes:
        raise MillraceError(
            Code.INVALID_TIMEFRAME,
            f"{known.display_name} has no {settings.smallest} candles: {', '.join(known.timeframes)}",
        )
    names = settings.names or [instrument.symbol for instrument in known.instruments]
    market = CcxtMarket(known.id, base_url=settings.exchange_url)
    return CcxtFeed(market, names, settings.smallest, clock, Polling(settings.poll_seconds, depth=settings.book_depth))


def _played(settings: MarketdataSettings, clock: Clock, places: Places) -> Feed:
    timeframe, lead = settings.smallest, settings.history
    bars, told, kind = _tape(settings)
    if settings.tape in ("trades", "book") and settings.feed == "recorded":
        lead = 0
    return RecordedFeed(
        f"{kind}:{settings.exchange}:{timeframe}",
        settings.exchange,
        bars,
        told,
        closes=told is told_as_bars,
        timeframe=timeframe,
        speed=settings.speed,
        lead=lead,
        clock=clock,
        places=places,
    )


def _tape(settings: MarketdataSettings) -> tuple[dict[str, list[Candle]], Telling, str]:
    """The bars, how they are told, and the tape's name."""
    timeframe, exchange = settings.smallest, settings.exchange
    if settings.feed == "synthetic":
        names = settings.names or [
            i.symbol for i in platform(exchange).instruments if platform(exchange).supports_paper
        ]
        bars = synthetic_tape(exchange, names, timeframe, settings.seed, _SYNTHETIC_BARS)
        return bars, told_with_books(settings.book_depth), f"synthetic:{settings.seed}"
    if settings.tape in ("bars", "ticks"):
        told = told_as_bars if settings.tape == "bars" else told_as_ticks
        return recorded_bars(settings), told, "recorded"
    names = settings.names or list(_TRADED)
    if len(names) > 1:
        raise MillraceError(Code.VALIDATION_ERROR, "the recorded trades are of one market; name one symbol")
    symbol = names[0]
    bars = {symbol: bars_of_trades(recorded_trades(exchange, symbol), timeframe)}
    source = recorded_book if settings.tape == "book" and settings.book_depth else recorded_trades
    return bars, told_as_recorded(partial(source, exchange, symbol), bars[symbol][0].opened_at), "trades"
