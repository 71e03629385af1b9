"""The job that runs a backtest."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from millrace.backtest.app.backtests import OWN_SIZE
from millrace.backtest.app.evaluate import Evaluation, evaluate
from millrace.backtest.app.ports import Candles
from millrace.backtest.domain.costs import Costs
from millrace.backtest.domain.plan import Plan
from millrace.backtest.domain.sizes import sizing
from millrace.common.jobs.run import Run
from millrace.common.kernel.instruments import instrument
from millrace.strategy.registry import create

Row = dict[str, Any]

_SAVE = """
with kept as (update backtests set final_capital = $2, metrics = $3::json where id = $1 returning id, user_id)
insert into results (backtest_id, user_id, equity_curve, trades, skips, digest)
select id, user_id, $4::json, $5::json, $6::json, $7 from kept
on conflict (backtest_id) do update set equity_curve = excluded.equity_curve, trades = excluded.trades,
  skips = excluded.skips, digest = excluded.digest
"""


class Runs:
    """Runs backtests, each in a process of its own. A run that was cut off begins anew: it ends as it would have."""

    def __init__(self, candles: Candles) -> None:
        self._candles = candles

    async def run(self, run: Run) -> Row | None:
        """Do one; None when it was deleted in the meantime."""
        async with run.begin() as work:
            row = await work.connection.fetchrow("select * from backtests where id = $1", run.job.id)
        if row is None:
            return None
        plan, warmup = planned(dict(row))
        asked = [(instrument(row["exchange"], symbol), span) for symbol in row["symbols"] for span in row["timeframes"]]
        reads = [self._candles.read(*one, row["start_at"], row["end_at"], warmup) for one in asked]
        stored = await asyncio.gather(*reads)
        found = await run.compute(evaluate, plan, stored)
        await self._save(run, run.job.id, found)
        return {"final_capital": found.final_capital, "digest": found.digest}

    async def _save(self, run: Run, backtest_id: UUID, found: Evaluation) -> None:
        texts = (found.metrics, found.equity_curve, found.trades, found.skips, found.digest)
        async with run.begin() as work:
            await work.connection.execute(_SAVE, backtest_id, found.final_capital, *texts)


def planned(row: Row) -> tuple[Plan, int]:
    """What a stored backtest asks for, and how many candles its strategy wants to have seen before."""
    parameters = orjson.loads(row["parameters"])
    made = create(row["strategy"], parameters)
    own: Decimal = getattr(made.parameters, "position_size", OWN_SIZE)
    costs = Costs(row["commission"], row["slippage_model"], row["slippage"], row["market_impact"])
    size = sizing(row["mode"], row["size"], own)
    intrabar = row["protection"] == "intrabar"
    return Plan(row["strategy"], parameters, row["initial_capital"], size, costs, intrabar), made.warmup
