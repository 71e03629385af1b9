"""Transfers between wallets: recorded, decided, and between paper accounts really made; never at an exchange."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from millrace.common.db.database import RETRYABLE, Connection
from millrace.common.db.work import Work, Works
from millrace.common.events.portfolio import BalanceChanged
from millrace.common.events.users import Audited
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.ids import new_id
from millrace.common.kernel.money import ZERO, plain
from millrace.portfolio.app.ports import Funds, Vaults
from millrace.portfolio.domain import transfers
from millrace.portfolio.domain.transfers import End, Verb

log = structlog.get_logger()

Row = dict[str, Any]

_INSERT = """
insert into transfers (id, user_id, from_provider, to_provider, from_account_id, to_account_id, amount, currency,
  status, moves_money, reason, message, correlation_id, idempotency_key, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, 'requested', $9, $10, $11, $12, $13, $14, $14)
on conflict (user_id, idempotency_key) do nothing returning *
"""
_REPEATED = "select * from transfers where user_id = $1 and idempotency_key = $2"
_ACCOUNT = """
select account_id, exchange, mode, currency from accounts
where user_id = $1 and closed_at is null and ($2::uuid is null or account_id = $2)
  and ($3::text is null or exchange = $3)
order by currency = $4 desc, account_id limit 1
"""
_HELD = "select total from balances where account_id = $1 and currency = $2"
_LOCK = "select * from transfers where user_id = $1 and id = $2 for update"
_MOVE = "update transfers set status = $3, message = $4, updated_at = $5 where user_id = $1 and id = $2 returning *"
_ONE = "select * from transfers where user_id = $1 and id = $2"
_LISTED = "from transfers where user_id = $1 and ($2::text is null or status = $2)"
_PAGE = f"select * {_LISTED} order by num desc limit $3 offset $4"
_COUNT = f"select count(*) {_LISTED}"
# Those that cannot be finished yet go behind those that were not tried since.
_UNDER_WAY = """
update transfers set tried_at = $1 where id in (
  select id from transfers where status = 'approved' and moves_money
  order by coalesce(tried_at, updated_at) limit 100 for update skip locked)
returning user_id, id
"""


async def listed(
    connection: Connection, user_id: UUID, status: str | None, limit: int, offset: int
) -> tuple[list[Row], int]:
    """The user's transfers, newest first, and how many there are."""
    rows = await connection.fetch(_PAGE, user_id, status, limit, offset)
    return [dict(row) for row in rows], await connection.fetchval(_COUNT, user_id, status)


async def one(connection: Connection, user_id: UUID, transfer_id: UUID) -> Row:
    """A transfer of the user's. Raises NOT_FOUND."""
    row = await connection.fetchrow(_ONE, user_id, transfer_id)
    if row is None:
        raise not_found("transfer")
    return dict(row)


class Transfers:
    """What owners do with transfers. Every change of state is on record as `Audited`."""

    def __init__(self, works: Works, clock: Clock, funds: Funds, vaults: Vaults) -> None:
        self._works = works
        self._clock = clock
        self._funds = funds
        self._vaults = vaults

    async def request(self, user_id: UUID, asked: Any) -> Row:
        """Record one, and carry out a move of paper money at once unless it is to wait for approval.

        The same `idempotency_key` again gives the transfer it has made already; raises IDEMPOTENCY_MISMATCH when it was
        made of other terms, and INSUFFICIENT_BALANCE for more than the source holds.
        """
        async with self._works.begin(user_id) as work:
            row, new = await self._record(work, user_id, asked)
            if new and row["moves_money"] and not asked.hold:
                row = await self._step(work, row, "approve", transfers.UNDER_WAY)
        return await self._carry_out(row)

    async def decide(self, user_id: UUID, transfer_id: UUID, verb: Verb, message: str | None) -> Row:
        """Take a step. Raises NOT_FOUND, and INVALID_STATE where the step does not exist."""
        async with self._works.begin(user_id) as work:
            row = await self._locked(work, user_id, transfer_id)
            default = transfers.UNDER_WAY if verb == "approve" and row["moves_money"] else row["message"]
            row = await self._step(work, row, verb, message or default)
        return await self._carry_out(row)

    async def finish(self) -> bool:
        """Carry out what was approved and interrupted; never more than a hundred at once, so False.

        One that fails does not hold up the others.
        """
        for found in await self._works.database.fetch(_UNDER_WAY, self._clock.now()):
            try:
                async with self._works.database.as_user(found["user_id"]) as connection:
                    row = await one(connection, found["user_id"], found["id"])
                await self._carry_out(row)
            except RETRYABLE as problem:
                log.warning("a transfer is put off", transfer=str(found["id"]), error=repr(problem))
            except Exception as problem:
                log.error("a transfer cannot be finished", transfer=str(found["id"]), error=repr(problem))
        return False

    async def _record(self, work: Work, user_id: UUID, asked: Any) -> tuple[Row, bool]:
        source = await _end(work, user_id, asked.from_account_id, asked.from_provider, asked.currency)
        target = await _end(work, user_id, asked.to_account_id, asked.to_provider, asked.currency)
        _apart(source, target)
        moving = transfers.moves_money(source[1], target[1], asked.currency)
        row = await work.connection.fetchrow(
            _INSERT,
            new_id(self._clock),
            user_id,
            source[1].provider,
            target[1].provider,
            source[0],
            target[0],
            asked.amount,
            asked.currency,
            moving,
            asked.reason,
            transfers.WAITING if moving else transfers.MANUAL,
            asked.correlation_id or new_id(self._clock),
            asked.idempotency_key,
            self._clock.now(),
        )
        if row is not None:
            await _enough(work, source, asked)
            self._audit(work, dict(row))
            return dict(row), True
        known = dict(await work.connection.fetchrow(_REPEATED, user_id, asked.idempotency_key) or {})
        same = (source[1].provider, target[1].provider, source[0], target[0], asked.amount, asked.currency)
        names = ("from_provider", "to_provider", "from_account_id", "to_account_id", "amount", "currency")
        if tuple(known[name] for name in names) != same:
            raise MillraceError(Code.IDEMPOTENCY_MISMATCH, "this key was used for a transfer of other terms")
        return known, False

    async def _locked(self, work: Work, user_id: UUID, transfer_id: UUID) -> Row:
        row = await work.connection.fetchrow(_LOCK, user_id, transfer_id)
        if row is None:
            raise not_found("transfer")
        return dict(row)

    async def _step(self, work: Work, row: Row, verb: Verb, message: str) -> Row:
        status = transfers.after(row["status"], verb, moving=row["moves_money"])
        return await self._write(work, row, status, message)

    async def _write(self, work: Work, row: Row, status: str, message: str) -> Row:
        now = self._clock.now()
        changed = dict(await work.connection.fetchrow(_MOVE, row["user_id"], row["id"], status, message, now) or {})
        self._audit(work, changed)
        return changed

    def _audit(self, work: Work, row: Row) -> None:
        action = f"transfer.{row['status']}"
        outcome = "failed" if row["status"] == "failed" else "done"
        user_id, at = row["user_id"], row["updated_at"]
        said = Audited(user_id=user_id, action=action, subject=str(row["id"]), outcome=outcome, at=at)
        work.emit(said, at=at, correlation=row["correlation_id"])

    async def _carry_out(self, row: Row) -> Row:
        """Risk frees the money first, so that no order can spend it; then the ledger moves. Each does it once.

        While risk cannot be asked the transfer stays approved, and `finish` tries again.
        """
        if row["status"] != "approved" or not row["moves_money"]:
            return row
        try:
            await self._funds.move(row)
        except MillraceError as refused:
            if refused.code is not Code.INSUFFICIENT_BALANCE:
                return row
            return await self._end_move(row, "failed", f"Transfer failed: {refused.message}.")
        return await self._end_move(row, "completed", transfers.MOVED, self._vaults.move)

    async def _end_move(
        self, row: Row, status: str, message: str, move: Callable[[Work, Row, datetime], Awaitable[Any]] | None = None
    ) -> Row:
        async with self._works.begin(row["user_id"]) as work:
            row = await self._locked(work, row["user_id"], row["id"])
            if row["status"] != "approved":
                return row
            if move is not None:
                for account_id, total in (await move(work, row, self._clock.now())).items():
                    self._tell(work, row, account_id, total)
            return await self._write(work, row, status, message)

    def _tell(self, work: Work, row: Row, account_id: UUID, total: Any) -> None:
        facts = {"user_id": row["user_id"], "account_id": account_id, "currency": row["currency"], "total": total}
        work.emit(BalanceChanged(cause=str(row["id"]), **facts), correlation=row["correlation_id"])


async def _end(
    work: Work, user_id: UUID, account_id: UUID | None, provider: str | None, currency: str
) -> tuple[UUID | None, End]:
    """An account by its id, or the provider's that keeps the currency; the provider alone where the user has none."""
    row = await work.connection.fetchrow(_ACCOUNT, user_id, account_id, provider, currency)
    if row is not None:
        return row["account_id"], End(row["exchange"], row["mode"], row["currency"])
    if account_id is not None:
        raise not_found("account")
    return None, End(provider or "")


async def _enough(work: Work, source: tuple[UUID | None, End], asked: Any) -> None:
    """What the source does not hold is refused at once; what is promised to orders is found when the money moves."""
    if source[0] is None:
        return  # what the user has there is not known here
    held = await work.connection.fetchval(_HELD, source[0], asked.currency) or ZERO
    if asked.amount > held:
        text = f"{source[1].provider} holds {plain(held)} {asked.currency}, and {plain(asked.amount)} was asked for"
        raise MillraceError(Code.INSUFFICIENT_BALANCE, text, fields={"amount": f"must be at most {plain(held)}"})


def _apart(source: tuple[UUID | None, End], target: tuple[UUID | None, End]) -> None:
    if source == target:
        reason = "must be another than where it comes from"
        raise MillraceError(Code.VALIDATION_ERROR, f"the target {reason}", fields={"to_provider": reason})
