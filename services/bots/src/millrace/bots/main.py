"""Wires the bots service."""

from datetime import timedelta
from functools import partial
from uuid import UUID

from millrace.bots.adapters.history import MarketHistory
from millrace.bots.adapters.neighbours import Neighbours
from millrace.bots.adapters.postgres import PostgresBots
from millrace.bots.api.alerts import alert_routes
from millrace.bots.api.http import Desk, bot_routes
from millrace.bots.api.strategies import mode_routes, strategy_routes
from millrace.bots.app import handlers
from millrace.bots.app.alerts import Alerts
from millrace.bots.app.modes import Autopilot
from millrace.bots.app.runners import Runners
from millrace.bots.app.running import Limits
from millrace.bots.config import BotsSettings
from millrace.bots.domain.alerts import Secrets
from millrace.bots.domain.builtin import builtin_id
from millrace.common.auth.internal import current_principal
from millrace.common.auth.principal import Principal
from millrace.common.events.market import CandleClosed
from millrace.common.events.portfolio import BalanceChanged, EquityMarked
from millrace.common.events.trading import AccountClosed, AccountOpened, OrderUpdated
from millrace.common.events.users import UserDisabled
from millrace.common.kernel.clock import from_millis
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import add_routes, create_app
from millrace.strategy.registry import BUILTIN

_ME = Principal(UUID(int=0), "bots", "viewer")
_SEED = """
insert into strategies (id, name, description, strategy_type, bound, origin, created_at, updated_at)
values ($1, $2, $3, $2, $2, 'builtin', $4, $4) on conflict (id) do nothing
"""


def build(context: Context) -> Service:
    """Put the service together."""
    settings = BotsSettings()
    bots = PostgresBots()
    runners = Runners(MarketHistory(context.call, context.keys.internal, _ME).before)
    others = Neighbours(context.call, context.keys.internal, _ME)

    async def seed() -> None:
        async with context.works.begin() as work:
            for name, kind in BUILTIN.items():
                await work.connection.execute(_SEED, builtin_id(name), name, kind.description, from_millis(0))

    api = create_app("bots", service="bots")
    current = current_principal(context.keys.internal, "bots")
    desk = Desk(context.works, context.clock, current, settings.timeframe, runners.forget, others)
    fresh, repeats = (timedelta(seconds=s) for s in (settings.alert_fresh_seconds, settings.alert_repeat_seconds))
    alerts = Alerts(context.works, bots, others.price, fresh, repeats)
    limits = Limits(settings.autopilot_position, settings.autopilot_drawdown)
    pilot = Autopilot(settings.autopilot_strategy, settings.autopilot_timeframe, limits)
    add_routes(
        api,
        bot_routes(desk),
        strategy_routes(desk),
        mode_routes(desk, pilot),
        alert_routes(desk, alerts, Secrets(context.keys.master)),
    )
    return Service(
        "bots",
        {
            AccountOpened: partial(handlers.know_account, bots=bots),
            AccountClosed: partial(handlers.close_account, bots=bots, runners=runners),
            BalanceChanged: partial(handlers.know_cash, bots=bots),
            EquityMarked: partial(handlers.know_equity, bots=bots),
            OrderUpdated: partial(handlers.follow_order, bots=bots),
            UserDisabled: partial(handlers.stop_all, bots=bots, runners=runners),
            CandleClosed: partial(handlers.run_bots, bots=bots, runners=runners),
        },
        concerns={OrderUpdated: handlers.concerns_a_bot},
        prepare={CandleClosed: partial(handlers.read_past, bots=bots, runners=runners)},
        api=api,
        start=[seed],
    )
