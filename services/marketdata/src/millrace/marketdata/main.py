"""Wires the marketdata service."""

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
from millrace.marketdata.app.intake import Intake
from millrace.marketdata.app.lockstep import Lockstep
from millrace.marketdata.app.publisher import Publisher
from millrace.marketdata.app.queries import Market
from millrace.marketdata.config import MarketdataSettings
from millrace.marketdata.domain.resampling import larger_than


def build(context: Context) -> Service:
    """Put the service together with the feed that its settings name."""
    settings = MarketdataSettings()
    candles = PostgresCandles(context.database)
    service = Service("marketdata")
    replay: Lockstep | None = None
    intake: Intake | None = None
    offered = (settings.smallest, *larger_than(settings.smallest))
    if settings.feed == "lockstep":
        bars = in_order(recorded_bars(settings))
        publisher = Publisher(context.bus)
        replay = Lockstep(context.works, candles, publisher, bars[: settings.bars or None], context.at_rest)
        offered = tuple(dict.fromkeys(bar.timeframe for bar in bars))
        service.loops = [replay.run]
    elif feed := make_feed(settings, context.clock, candles):
        intake = _listen(service, feed, settings, context, candles)
    market = Market(candles, settings.feed, settings.exchange, offered, intake, context.clock)
    api = create_app("marketdata", service="marketdata")
    add_routes(api, routes(market, replay, current_principal(context.keys.internal, "marketdata")))
    service.api = api
    return service


def _listen(
    service: Service, feed: Feed, settings: MarketdataSettings, context: Context, candles: PostgresCandles
) -> Intake:
    """Let the service follow a feed and repair its gaps."""
    jobs = Jobs((JOB,))
    gaps = Gaps(feed, candles, jobs, settings.smallest)
    worker = Worker("marketdata", context.works, jobs, {JOB: gaps.repair}, concurrency=1)
    intake = Intake(
        feed,
        context.works,
        candles,
        Publisher(context.bus),
        gaps,
        context.clock,
        settings.smallest,
        history=settings.history,
        depth=settings.book_depth,
        lateness=timedelta(seconds=2 * settings.poll_seconds if settings.feed == "ccxt" else 0),
    )
    service.start = [intake.prepare]
    service.loops = [intake.run, intake.watch, intake.conflation.run, worker.run]
    service.stop = [feed.close]
    service.busy = lambda: worker.busy
    return intake
