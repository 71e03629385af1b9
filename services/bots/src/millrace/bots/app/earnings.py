"""What strategies have earned, as the portfolio service knows it."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from millrace.common.auth.principal import Principal
from millrace.common.db.database import Database

Row = dict[str, Any]

_BOTS = """
select b.strategy_id, array_agg(b.id order by b.num desc) as bots, sum(b.initial_capital) as given,
  (array_agg(a.currency order by b.num))[1] as currency, (array_agg(a.equity order by b.num))[1] as equity
from bots b join accounts a using (account_id) where b.user_id = $1 and b.strategy_id = any($2) group by 1
"""
_MOST = 1000  # ids that portfolio takes at once: of more bots the newest
_AT_ONCE = 8


class Metrics(NamedTuple):
    """Fractions, drawdown at or above zero; None: nothing can be said (nothing was traded, nobody answers)."""

    total_return: Decimal | None = None
    sharpe_ratio: Decimal | None = None
    max_drawdown: Decimal | None = None
    win_rate: Decimal | None = None


class Earnings(Protocol):
    """Who knows what bots earned."""

    async def of_bots(self, user: Principal, bots: Sequence[UUID], capital: Decimal, currency: str) -> Metrics:
        """Of some bots together that were given `capital`."""
        ...


async def measured(database: Database, earnings: Earnings, user: Principal, rows: Sequence[Row]) -> list[Row]:
    """The strategies with the `metrics` of all bots the user has or had on them.

    They are measured against what the strategy was started with; one never started, against what its bots were given,
    or else what their account is worth.
    """
    async with database.as_user(user.user_id) as connection:
        found = await connection.fetch(_BOTS, user.user_id, [row["id"] for row in rows])
    bots = {one["strategy_id"]: one for one in found}
    few = asyncio.Semaphore(_AT_ONCE)

    async def metrics(row: Row) -> Metrics:
        if (own := bots.get(row["id"])) is None:
            return Metrics()
        capital = row["capital"] or own["given"] or own["equity"]
        async with few:
            return await earnings.of_bots(user, own["bots"][:_MOST], capital, own["currency"])

    known = await asyncio.gather(*(metrics(row) for row in rows))
    return [{**row, "metrics": one._asdict()} for row, one in zip(rows, known, strict=True)]
