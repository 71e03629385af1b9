"""Wires the ml service."""

from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog

from millrace.common.auth.internal import current_principal
from millrace.common.auth.principal import Principal
from millrace.common.jobs.process import ProcessDied
from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.kernel.timeframes import parse_timeframe
from millrace.common.runtime.housekeeping import keep_house
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import add_routes, create_app
from millrace.common.web.job_routes import job_routes
from millrace.ml.adapters.market import MarketCandles
from millrace.ml.adapters.workshop import Processes
from millrace.ml.api.http import routes
from millrace.ml.app.forecasts import Forecaster
from millrace.ml.app.ports import Series
from millrace.ml.app.seeds import Seeds
from millrace.ml.app.trainings import JOB, Trainer, Trainings
from millrace.ml.config import MlSettings

log = structlog.get_logger()
_ME = Principal(UUID(int=0), "ml", "viewer")


def build(context: Context) -> Service:
    """Put the service together."""
    settings, clock, works = MlSettings(), context.clock, context.works
    market, workshop = MarketCandles(context.call, context.keys.internal, _ME), Processes()
    trainings = Trainings(context.jobs, market, clock, settings.training_minutes * 60)
    seeds = Seeds(_series(settings), settings.epochs, works, trainings, market, clock)
    forecaster = Forecaster(works, market, workshop, clock, timedelta(days=settings.predictions_days))
    api, current = create_app("ml", service="ml"), current_principal(context.keys.internal, "ml")
    add_routes(api, routes(works, trainings, context.jobs, current))
    add_routes(api, job_routes(context.database, context.jobs, current))

    async def turn() -> bool:
        for step in (seeds.train, forecaster.turn):
            try:
                await step()
            except (MillraceError, ProcessDied) as problem:
                log.warning("models wait", error=str(problem))
        return False

    # a replay must come to rest between two messages; nothing is learned beside it
    live = context.settings.clock == "system"
    return Service(
        "ml",
        api=api,
        start=[seeds.plant],
        jobs={JOB: Trainer(market, workshop, clock).train},
        loops=[partial(keep_house, "ml", turn, settings.turn_seconds)] if live else [],
    )


def _series(settings: MlSettings) -> list[Series]:
    timeframe = parse_timeframe(settings.timeframe)
    names = [name for name in settings.symbols.split(",") if name.strip()]
    return [Series(settings.exchange, str(parse_symbol(name)), timeframe) for name in names]
