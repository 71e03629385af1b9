"""Contract application: bots, accounts and groups of them, run by administrators."""

from millrace.contracts.application import (
    accounts,
    auth,
    bots,
    errors,
    groups,
    members,
    reports,
    stream,
    system,
    trading,
    webhook,
)
from millrace.contracts.names import Contract
from millrace.contracts.table import Dialect

DIALECT = Dialect(
    contract=Contract.APPLICATION,
    title="Trading Application API",
    version="1.0.0",
    description=(
        "Sign in, run bots on exchange accounts, trade for groups of accounts, take TradingView's alerts. "
        "Numbers are JSON numbers, percents are percents (25.0), times are ISO 8601 in UTC. "
        "Creating, changing and trading need an administrator."
    ),
    rows=(
        *auth.ROWS,
        *bots.ROWS,
        *accounts.ROWS,
        *groups.ROWS,
        *reports.ROWS,
        *members.ROWS,
        *trading.ROWS,
        *webhook.ROWS,
        *system.ROWS,
    ),
    error=errors.error,
    streams=stream.STREAMS,
)
