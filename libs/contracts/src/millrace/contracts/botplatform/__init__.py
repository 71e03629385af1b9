"""Contract botplatform: UUIDs, decimal text, upper-case sides and types, lower-case states, `items` in pages."""

from millrace.contracts.botplatform import backtests, bots, market, orders, risk, stream, upkeep, users
from millrace.contracts.botplatform.faults import error
from millrace.contracts.names import Contract
from millrace.contracts.table import Dialect

DIALECT = Dialect(
    contract=Contract.BOTPLATFORM,
    title="Trading Bot Platform",
    version="1.0.0",
    description="Bots, their orders, market data, risk limits, backtests, and the platform's own cache and jobs.",
    rows=(*users.ROWS, *bots.ROWS, *orders.ROWS, *market.ROWS, *risk.ROWS, *upkeep.ROWS, *backtests.ROWS),
    error=error,
    streams=stream.STREAMS,
)
