"""What owners do with their limits. They narrow the system's own and never widen them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.ids import new_id
from millrace.common.kernel.money import plain, times
from millrace.common.kernel.symbols import parse_symbol
from millrace.risk.app.reports import Row, known, shown
from millrace.risk.domain.limits import DAY_LOSS, DRAWDOWN, OPEN_ORDERS, POSITION, SYSTEM_KINDS, Limit

_CHANGEABLE = ("limit_value", "warning_threshold", "critical_threshold", "enabled")
_ADD = """
insert into limits (id, user_id, account_id, limit_type, symbol, limit_value, warning_threshold, critical_threshold,
  source, contract, group_id, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, 'user', $9, $10, $11, $11)
on conflict (user_id, limit_type, coalesce(symbol, ''), coalesce(account_id, '00000000-0000-0000-0000-000000000000'),
  coalesce(group_id, '00000000-0000-0000-0000-000000000000'))
do update set limit_value = excluded.limit_value, warning_threshold = excluded.warning_threshold,
  critical_threshold = excluded.critical_threshold, enabled = true, source = 'user', contract = excluded.contract,
  updated_at = excluded.updated_at,
  created_at = case limits.source when 'system' then excluded.created_at else limits.created_at end
returning id
"""
_CHANGE = """
update limits set limit_value = $3, warning_threshold = $4, critical_threshold = $5, enabled = $6, contract = $7,
  source = 'user', updated_at = $8
where user_id = $1 and id = $2
"""
_REVERT = """
update limits set limit_value = 0, warning_threshold = 80, critical_threshold = 95, enabled = true, contract = $3,
  source = 'system', updated_at = $4
where user_id = $1 and id = $2
"""
_WROTE = """
insert into limit_writers (user_id, contract, written_at) values ($1, $2, $3)
on conflict (user_id) do update set contract = excluded.contract, written_at = excluded.written_at
"""
_UNWATCH = """
delete from watches where user_id = $1 and kind = $2 and ($3::uuid is null or account_id = $3)
  and ($4::text is null or symbol = $4)
"""
_WARNING, _CRITICAL = Decimal(80), Decimal(95)


class Editor:
    """Changes limits of one user in one unit of work, through one contract; `system` are the system's own, by kind.

    `changed` are the kinds of limits that are not what they were.
    """

    def __init__(
        self, work: Work, user_id: UUID, contract: str | None, now: datetime, system: dict[str, Limit]
    ) -> None:
        self._work = work
        self._user_id = user_id
        self._contract = contract
        self._now = now
        self._system = system
        self.changed: set[str] = set()

    async def add(self, asked: Any) -> Row:
        """Set a limit; one of the same kind, symbol and account is replaced, also the system's."""
        symbol = str(parse_symbol(asked.symbol)) if asked.symbol is not None else None
        if symbol is not None and asked.limit_type != POSITION:
            raise _invalid("symbol", f"cannot be given for {asked.limit_type}: it holds for the whole account")
        if asked.account_id is not None:
            await self._own([asked.account_id])
        thresholds = (asked.warning_threshold, asked.critical_threshold)
        self.check(asked.limit_type, asked.limit_value, *thresholds)
        limit_id = await self._set(asked.limit_type, asked.limit_value, asked.account_id, symbol, thresholds)
        return await self._done(limit_id)

    async def compose(self, values: dict[str, Decimal]) -> None:
        """Set limits of the whole user by kind; the thresholds are the usual ones."""
        for kind, value in values.items():
            self.check(kind, value, _WARNING, _CRITICAL)
            await self._set(kind, value)
        await self._wrote()

    async def change(self, limit_id: UUID | int, changes: Row) -> Row:
        """Change values of a limit, given by id or number; what is not given stays. Raises NOT_FOUND.

        A limit of the system's becomes the user's own.
        """
        row = {**await self._locked(limit_id), **changes}
        self.check(row["limit_type"], row["limit_value"], row["warning_threshold"], row["critical_threshold"])
        values = (*(row[name] for name in _CHANGEABLE), self._contract, self._now)
        await self._work.connection.execute(_CHANGE, self._user_id, row["id"], *values)
        await self._unwatch(row["limit_type"], row["account_id"], row["symbol"])
        return await self._done(row["id"])

    async def remove(self, limit_id: UUID | int) -> Row:
        """Delete a limit; the system's own hold again. Raises NOT_FOUND, and INVALID_STATE for one of the system's."""
        row = await self._locked(limit_id)
        if row["source"] == "system":
            raise MillraceError(Code.INVALID_STATE, "a limit of the system's cannot be deleted")
        await self._unwatch(row["limit_type"], row["account_id"], row["symbol"])
        whole = row["symbol"] is None and row["account_id"] is None
        if whole and row["limit_type"] in SYSTEM_KINDS:
            await self._work.connection.execute(_REVERT, self._user_id, row["id"], self._contract, self._now)
            return await self._done(row["id"])
        found = await known(self._work.connection, self._user_id, row["id"], self._now, self._system)
        query = "delete from limits where user_id = $1 and id = $2"
        await self._work.connection.execute(query, self._user_id, row["id"])
        await self._wrote()
        return found

    async def of_group(self, group_id: UUID, accounts: list[UUID], values: dict[str, Decimal]) -> None:
        """Each of the group's accounts gets these limits, by kind; earlier ones of the group end.

        The group has them already, so none is refused: where the system's own has become stricter, that one holds.
        Raises NOT_FOUND when an account is not the user's, and changes nothing then.
        """
        await self._own(accounts)
        query = "delete from limits where user_id = $1 and group_id = $2 returning limit_type, account_id"
        for gone in await self._work.connection.fetch(query, self._user_id, group_id):
            await self._unwatch(gone["limit_type"], gone["account_id"], None)
        for account_id in dict.fromkeys(accounts):
            for kind, value in values.items():
                await self._set(kind, value, account_id, group_id=group_id)
        await self._wrote()

    def check(self, kind: str, value: Decimal, warning: Decimal, critical: Decimal) -> None:
        """Raises VALIDATION_ERROR unless the numbers make sense together and with the system's own limit."""
        if kind in (DRAWDOWN, DAY_LOSS) and value > 1:
            raise _invalid("limit_value", f"of a {kind} is at most 100 %")
        if kind == OPEN_ORDERS and value % 1:
            raise _invalid("limit_value", "of open_orders is a count")
        if warning > critical:
            raise _invalid("warning_threshold", "must not be above critical_threshold")
        if kind in self._system and value > self._system[kind].value:
            raise _above("limit_value", kind, self._system[kind].value)

    async def _set(
        self,
        kind: str,
        value: Decimal,
        account_id: UUID | None = None,
        symbol: str | None = None,
        thresholds: tuple[Decimal, Decimal] = (_WARNING, _CRITICAL),
        group_id: UUID | None = None,
    ) -> UUID:
        await self._unwatch(kind, account_id, symbol)
        place = (new_id(), self._user_id, account_id, kind, symbol, value, *thresholds)
        found: UUID = await self._work.connection.fetchval(_ADD, *place, self._contract, group_id, self._now)
        return found

    async def _unwatch(self, kind: str, account_id: UUID | None, symbol: str | None) -> None:
        """How near the old limit was says nothing of the new one; what is near that is told anew."""
        self.changed.add(kind)
        await self._work.connection.execute(_UNWATCH, self._user_id, kind, account_id, symbol)

    async def _locked(self, limit_id: UUID | int) -> Row:
        column = "id" if isinstance(limit_id, UUID) else "num"
        query = f"select * from limits where user_id = $1 and {column} = $2 for update"  # noqa: S608 - of two constants
        found = await self._work.connection.fetchrow(query, self._user_id, limit_id)
        if found is None:
            raise not_found("limit")
        return shown(dict(found), self._system)

    async def _own(self, accounts: list[UUID]) -> None:
        query = "select count(*) from books where user_id = $1 and account_id = any($2::uuid[])"
        if await self._work.connection.fetchval(query, self._user_id, accounts) != len(set(accounts)):
            raise not_found("account")

    async def _done(self, limit_id: UUID) -> Row:
        await self._wrote()
        return await known(self._work.connection, self._user_id, limit_id, self._now, self._system)

    async def _wrote(self) -> None:
        await self._work.connection.execute(_WROTE, self._user_id, self._contract, self._now)


def check_group(system: dict[str, Limit], max_drawdown: Decimal) -> None:
    """Raises VALIDATION_ERROR for a limit that a group, still to be made or changed, could not be held to."""
    most = system[DRAWDOWN].value
    if max_drawdown > most:
        raise _above("max_drawdown", DRAWDOWN, most)


def _above(field: str, kind: str, most: Decimal) -> MillraceError:
    """More than the system allows; a share is told in percent, as those contracts that set limits write it."""
    told = f"{plain(times(most, Decimal(100)))} %" if kind in (DRAWDOWN, DAY_LOSS) else plain(most)
    return _invalid(field, f"must not be above the system's own of {told}")


def _invalid(field: str, reason: str) -> MillraceError:
    return MillraceError(Code.VALIDATION_ERROR, f"{field} {reason}", fields={field: reason})
