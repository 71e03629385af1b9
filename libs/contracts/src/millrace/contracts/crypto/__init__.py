"""Contract crypto: upper-case words, text for amounts, numbers for ids."""

from millrace.contracts.crypto import (
    auth,
    backtests,
    learning,
    market,
    portfolio,
    risk,
    strategies,
    stream,
    trading,
    wire,
)
from millrace.contracts.table import Dialect

DIALECT = Dialect(
    contract=wire.CRYPTO,
    title="AI Cryptocurrency Trading System",
    version="1.0",
    description="Market data, trading, portfolio, strategies, models, backtests and risk, under /api/v1.",
    rows=(
        *auth.ROWS,
        *market.ROWS,
        *trading.ROWS,
        *portfolio.ROWS,
        *strategies.ROWS,
        *learning.ROWS,
        *backtests.ROWS,
        *risk.ROWS,
    ),
    error=wire.error,
    streams=stream.STREAMS,
)
