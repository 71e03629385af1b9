"""Wires the marketdata service."""

from millrace.common.auth.internal import current_principal
from millrace.common.kernel.market import Candle
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import create_app
from millrace.marketdata.adapters.candle_files import read_candles, recorded
from millrace.marketdata.adapters.postgres import PostgresCandles
from millrace.marketdata.api.http import routes
from millrace.marketdata.app.lockstep import Lockstep
from millrace.marketdata.app.playback import Playback
from millrace.marketdata.app.publisher import Publisher
from millrace.marketdata.config import MarketdataSettings


def build(context: Context) -> Service:
    """Put the service together with the feed that its settings name."""
    settings = MarketdataSettings()
    candles = PostgresCandles(context.database)
    publisher = Publisher(context.works, context.bus, candles)
    service = Service("marketdata")
    replay: Lockstep | None = None
    offered = [settings.timeframe]
    if settings.feed == "lockstep":
        bars = _merged(_tape(settings))
        replay = Lockstep(context.works, publisher, bars[: settings.bars or None], context.at_rest)
        offered = [bars[0].timeframe]
        service.loops = [replay.run]
    elif settings.feed == "recorded":
        play = Playback(
            context.works,
            candles,
            publisher,
            context.clock,
            settings.timeframe,
            _tape(settings),
            settings.history_bars,
        )
        offered = play.offered
        service.start, service.loops = [play.prepare], [play.run]
    api = create_app("marketdata", service="marketdata")
    current = current_principal(context.keys.internal, "marketdata")
    api.include_router(routes(candles, lambda: offered, replay, current))
    service.api = api
    return service


def _tape(settings: MarketdataSettings) -> dict[str, list[Candle]]:
    names = [str(parse_symbol(name)) for name in settings.symbols.split(",")]
    if settings.file is not None:
        return {names[0]: read_candles(settings.file, settings.exchange, names[0], "5m")}
    return {name: recorded(settings.exchange, name) for name in names}


def _merged(tape: dict[str, list[Candle]]) -> list[Candle]:
    return sorted((bar for bars in tape.values() for bar in bars), key=lambda b: (b.closed_at, b.symbol))
