"""Wires the backtest service."""

from uuid import UUID

from millrace.backtest.adapters.market import MarketCandles
from millrace.backtest.adapters.strategies import BotsStrategies
from millrace.backtest.api.http import routes
from millrace.backtest.app.backtests import JOB, Backtests
from millrace.backtest.app.runs import Runs
from millrace.backtest.config import BacktestSettings
from millrace.common.auth.internal import current_principal
from millrace.common.auth.principal import Principal
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import add_routes, create_app
from millrace.common.web.job_routes import job_routes

_ME = Principal(UUID(int=0), "backtest", "viewer")


def build(context: Context) -> Service:
    """Put the service together."""
    internal = context.keys.internal
    candles = MarketCandles(context.call, internal, _ME)
    strategies = BotsStrategies(context.call, internal)
    backtests = Backtests(context.works, context.jobs, context.clock, strategies, candles, BacktestSettings())
    current = current_principal(internal, "backtest")
    api = create_app("backtest", service="backtest")
    add_routes(api, routes(context.database, backtests, current), job_routes(context.database, context.jobs, current))
    return Service("backtest", api=api, jobs={JOB: Runs(candles).run})
