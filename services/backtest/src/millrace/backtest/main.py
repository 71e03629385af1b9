"""Wires the backtest service."""

from millrace.common.auth.internal import current_principal
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import add_routes, create_app
from millrace.common.web.job_routes import job_routes


def build(context: Context) -> Service:
    """Put the service together."""
    current = current_principal(context.keys.internal, "backtest")
    api = create_app("backtest", service="backtest")
    add_routes(api, job_routes(context.database, context.jobs, current))
    return Service("backtest", api=api)
