"""The handlers of all operations."""

from millrace.gateway.app.asking import Handlers
from millrace.gateway.app.operations import (
    accounts,
    assistant,
    auth,
    bots,
    groups,
    market,
    orders,
    performance,
    portfolio,
    positions,
    research,
    risk,
    strategies,
)

_PARTS = (
    *(accounts, assistant, auth, bots, groups, market, orders),
    *(performance, portfolio, positions, research, risk, strategies),
)
HANDLERS: Handlers = {name: handler for part in _PARTS for name, handler in part.HANDLERS.items()}
"""Those of the platform itself are made where it is put together: `operations.system`."""
