"""Contract network: paths of its own, a success flag, numbers and percents."""

from millrace.contracts.network import auth, bots, chat, money, stream, system, wire
from millrace.contracts.table import Dialect

DIALECT = Dialect(
    contract=wire.NETWORK,
    title="Amarktai Network Trading System",
    version="1.0",
    description="Signing in, bots, trades, wallets, the assistant and administration, under /api.",
    rows=(*auth.ROWS, *system.ROWS, *bots.ROWS, *money.ROWS, *chat.ROWS),
    error=wire.error,
    streams=stream.STREAMS,
)
