"""Contract interfaces: JSON numbers, lower-case words, `BTC/USD`, named lists without counts, every success a 200."""

from millrace.contracts.interfaces import market, monitoring, orders, positions, risk, strategies, stream, users
from millrace.contracts.interfaces.faults import error
from millrace.contracts.names import Contract
from millrace.contracts.table import Dialect

DIALECT = Dialect(
    contract=Contract.INTERFACES,
    title="API Interfaces Specification",
    version="1.0.0",
    description="Orders and positions, strategies, market data, risk limits, and readings and alerts of the platform.",
    rows=(
        *users.ROWS,
        *positions.ROWS,
        *orders.ROWS,
        *strategies.ROWS,
        *market.ROWS,
        *risk.ROWS,
        *monitoring.ROWS,
    ),
    error=error,
    streams=stream.STREAMS,
)
