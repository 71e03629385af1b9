"""What users do with backtests."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from millrace.backtest.app import queries
from millrace.backtest.app.ports import Candles, Strategies, StrategyRow
from millrace.backtest.app.queries import Ref, Row
from millrace.backtest.config import BacktestSettings
from millrace.backtest.domain.scope import Scope, no_candles, scope
from millrace.backtest.domain.sizes import sizing
from millrace.common.auth.principal import Principal
from millrace.common.db.work import Work, Works
from millrace.common.jobs.queue import Jobs
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.ids import new_id
from millrace.strategy.registry import create, find

JOB = "backtest"
OWN_SIZE = Decimal("0.1")

_TRIES = 3
_START_SECONDS, _CANDLE_SECONDS = 1.0, 0.00008
_ALONE = "select pg_advisory_xact_lock(hashtextextended($1, 0))"
_KNOWN = "select exists (select from jobs where id = $1 and user_id = $2)"
_UNDER_WAY = "select count(*) from backtests where user_id = $1 and status in ('queued', 'running')"
_INSERT = """
insert into backtests (id, user_id, name, strategy_id, strategy_num, strategy, parameters, exchange, symbols,
  timeframes, start_at, end_at, initial_capital, mode, size, commission, slippage_model, slippage, market_impact,
  protection, origin, estimated_duration, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
"""


class Backtests:
    """Makes, cancels and deletes them. One is run by the job of its id."""

    def __init__(
        self,
        works: Works,
        jobs: Jobs,
        clock: Clock,
        strategies: Strategies,
        candles: Candles,
        settings: BacktestSettings,
    ) -> None:
        self._works = works
        self._jobs = jobs
        self._clock = clock
        self._strategies = strategies
        self._candles = candles
        self._settings = settings

    async def create(self, user: Principal, asked: Any) -> Row:
        """Ask for a run.

        Raises what is wrong with the request (see `scope`, `sizing` and the strategy's parameters), INVALID_DATE_RANGE
        when a series has no candles, and RATE_LIMITED when too many of the user's backtests are under way.
        """
        limit = self._settings.candles
        part = scope(asked.exchange, asked.symbols, asked.timeframes, asked.start, asked.end, limit)
        strategy = await self._strategy(user, asked)
        parameters = {**strategy.parameters, **asked.parameters}
        made = create(strategy.kind, parameters)
        sizing(asked.mode, asked.size, getattr(made.parameters, "position_size", OWN_SIZE))
        asks = [self._candles.any(one, span, part.start, part.end) for one, span in part.series]
        for (one, span), there in zip(part.series, await asyncio.gather(*asks), strict=True):
            if not there:
                raise no_candles(one, span)
        async with self._works.begin(user.user_id) as work:
            await work.connection.execute(_ALONE, str(user.user_id))
            backtest_id = asked.intent_id or new_id(self._clock)
            if not await work.connection.fetchval(_KNOWN, backtest_id, user.user_id):
                await self._add(work, user.user_id, backtest_id, asked, part, strategy, parameters)
            return await queries.one(work.connection, user.user_id, backtest_id)

    async def _strategy(self, user: Principal, asked: Any) -> StrategyRow:
        if asked.strategy is None:
            return await self._strategies.find(user, asked.strategy_id)
        return await self._strategies.builtin(user, find(asked.strategy).name)

    async def _add(
        self,
        work: Work,
        user_id: UUID,
        backtest_id: UUID,
        asked: Any,
        part: Scope,
        strategy: StrategyRow,
        parameters: Row,
    ) -> None:
        under_way = await work.connection.fetchval(_UNDER_WAY, user_id)
        if under_way >= self._settings.under_way:
            text = f"{under_way} of your backtests are under way; wait until one has ended, or cancel one"
            raise MillraceError(Code.RATE_LIMITED, text, details={"limit": self._settings.under_way}, retry_after=5)
        symbols = [one.symbol for one in part.instruments]
        await work.connection.execute(
            _INSERT,
            backtest_id,
            user_id,
            asked.name or f"{strategy.kind} on {', '.join(symbols)}",
            strategy.id,
            strategy.num,
            strategy.kind,
            orjson.dumps(parameters, default=str).decode(),
            part.instruments[0].exchange,
            symbols,
            list(part.timeframes),
            part.start,
            part.end,
            *(getattr(asked, name) for name in ("initial_capital", "mode", "size", "commission", "slippage_model")),
            *(getattr(asked, name) for name in ("slippage", "market_impact", "protection", "origin")),
            round(_START_SECONDS + part.candles * _CANDLE_SECONDS, 1),
            self._clock.now(),
        )
        # the more of one user's wait, the later each of them comes: nobody's many keep out another's first
        await self._jobs.enqueue(work, JOB, user_id=user_id, priority=-under_way, max_tries=_TRIES, job_id=backtest_id)

    async def cancel(self, user_id: UUID, ref: Ref) -> Row:
        """Stop it: at once when it waits, within seconds when it runs. Raises NOT_FOUND, INVALID_STATE when it is over.

        An end that was reached in the meantime stands.
        """
        async with self._works.begin(user_id) as work:
            row = await queries.one(work.connection, user_id, ref)
            if row["status"] not in ("queued", "running"):
                raise MillraceError(Code.INVALID_STATE, f"the backtest is {row['status']} already")
            await self._jobs.cancel(work.connection, row["id"])
            return await queries.one(work.connection, user_id, ref)

    async def delete(self, user_id: UUID, ref: Ref) -> None:
        """Forget it and its results; one that is under way is cancelled. Raises NOT_FOUND."""
        async with self._works.begin(user_id) as work:
            row = await queries.one(work.connection, user_id, ref)
            if row["status"] in ("queued", "running"):
                await self._stop(work, row["id"])
            await work.connection.execute("delete from backtests where user_id = $1 and id = $2", user_id, row["id"])

    async def _stop(self, work: Work, backtest_id: UUID) -> None:
        try:
            await self._jobs.cancel(work.connection, backtest_id)
        except MillraceError as over:
            if over.code not in (Code.INVALID_STATE, Code.NOT_FOUND):
                raise
