"""Wires the marketdata service."""

from collections.abc import Sequence
from datetime import timedelta

from millrace.common.auth.internal import current_principal
from millrace.common.jobs.queue import Jobs
from millrace.common.jobs.worker import Worker
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import add_routes, create_app
from millrace.marketdata.adapters.feeds import in_order, make_feed, recorded_bars
from millrace.marketdata.adapters.postgres import PostgresCandles
from millrace.marketdata.api.http import routes
from millrace.marketdata.app.feeds import Feed
from millrace.marketdata.app.gaps import JOB, Gaps
from millrace.marketdata.app.history import History
from millrace.marketdata.app.intake import Intake
from millrace.marketdata.app.lockstep import Lockstep
from millrace.marketdata.app.mirrors import Mirrors
from millrace.marketdata.app.providers import Providers
from millrace.marketdata.app.publisher import Publisher
from millrace.marketdata.app.queries import Market
from millrace.marketdata.config import MarketdataSettings
from millrace.marketdata.domain.derived import Derived, derived_markets
from millrace.marketdata.domain.resampling import larger_than


def build(context: Context) -> Service:
    """Put the service together with the feed that its settings name."""
    settings = MarketdataSettings()
    candles = PostgresCandles(context.database)
    service = Service("marketdata")
    replay: Lockstep | None = None
    intake: Intake | None = None
    derived: tuple[Derived, ...] = ()
    offered = (settings.smallest, *larger_than(settings.smallest))
    if settings.feed == "lockstep":
        bars = in_order(recorded_bars(settings))
        publisher = Publisher(context.bus)
        replay = Lockstep(context.works, candles, publisher, bars[: settings.bars or None], context.at_rest)
        offered = tuple(dict.fromkeys(bar.timeframe for bar in bars))
        service.loops = [replay.run]
    elif feed := make_feed(settings, context.clock, candles):
        made_up = settings.feed in ("recorded", "synthetic")
        derived = tuple(derived_markets(feed.exchange, feed.symbols, settings.usdt_zar)) if made_up else ()
        intake = _listen(service, feed, settings, context, candles, derived)
    history = History(
        candles,
        offered,
        intake.feed if intake else None,
        {one.place: one for one in derived},
        played=settings.feed in ("recorded", "synthetic", "lockstep"),
        past_days=settings.past_days,
    )
    market = Market(candles, history, settings.feed, settings.exchange, offered, intake, derived, context.clock)
    providers = Providers(market.ask, market.status, context.clock)
    api = create_app("marketdata", service="marketdata")
    add_routes(api, routes(market, providers, replay, current_principal(context.keys.internal, "marketdata")))
    service.api = api
    return service


def _listen(
    service: Service,
    feed: Feed,
    settings: MarketdataSettings,
    context: Context,
    candles: PostgresCandles,
    derived: Sequence[Derived],
) -> Intake:
    """Let the service follow a feed and repair its gaps."""
    jobs = Jobs((JOB,))
    gaps = Gaps(feed, candles, jobs, settings.smallest)
    worker = Worker("marketdata", context.works, jobs, {JOB: gaps.repair}, concurrency=1)
    publisher = Publisher(context.bus)
    mirrors = Mirrors(derived, publisher, context.clock, settings.book_depth)
    intake = Intake(
        feed,
        context.works,
        candles,
        publisher,
        gaps,
        context.clock,
        settings.smallest,
        history=settings.history,
        depth=settings.book_depth,
        lateness=timedelta(seconds=2 * settings.poll_seconds if settings.feed == "ccxt" else 0),
        mirrors=mirrors,
    )
    service.start = [intake.prepare]
    service.loops = [intake.run, intake.watch, intake.conflation.run, mirrors.conflation.run, worker.run]
    service.stop = [feed.close]
    service.busy = lambda: worker.busy
    return intake
