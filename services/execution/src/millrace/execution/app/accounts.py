"""What owners do with their accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from millrace.common.db.database import Connection
from millrace.common.db.work import Work
from millrace.common.events.trading import AccountClosed, AccountOpened
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.money import plain
from millrace.execution.app.audit import note
from millrace.execution.app.leases import Leases
from millrace.execution.app.ports import Row, Seals
from millrace.execution.domain.exchanges import Credentials

_JSON = ("settings", "notes", "balances")
_FOUND = """
from accounts where user_id = $1 and deleted_at is null and ($2::text is null or exchange = $2)
  and ($3::text is null or mode = $3) and ($4::uuid is null or group_id = $4)
"""
_LIST = f"select * {_FOUND} order by num limit $5 offset $6"
_COUNT = f"select count(*) {_FOUND}"
_ONE = "select * from accounts where user_id = $1 and id = $2 and deleted_at is null"
_INSERT = """
insert into accounts (id, user_id, name, exchange, mode, currency, initial_balance, account_type, settings, notes,
  created_at, updated_at, lease_owner, lease_epoch)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13) on conflict (id) do nothing returning *
"""
_UPDATE = """
update accounts set name = $3, is_active = $4, account_type = $5, settings = $6, notes = $7, updated_at = $8
where user_id = $1 and id = $2 returning *
"""
_SEAL = """
insert into credentials (account_id, user_id, wrapped, sealed, sealed_at) values ($1, $2, $3, $4, $5)
on conflict (account_id) do update
  set wrapped = excluded.wrapped, sealed = excluded.sealed, sealed_at = excluded.sealed_at
"""
_SEALED = "select wrapped, sealed, sealed_at from credentials where user_id = $1 and account_id = $2"
_CHECKED = """
update accounts a set keys_valid = $4, last_check = $5 where user_id = $1 and id = $2
  and exists (select from credentials where account_id = a.id and sealed_at = $3)
"""
_SYNCED = "update accounts set balances = $3, synced_at = $4 where user_id = $1 and id = $2"
_LIVE = """
select count(*) from orders where account_id = $1
  and state not in ('refused', 'filled', 'cancelled', 'rejected', 'expired')
"""
_DELETE = """
update accounts set deleted_at = $3, updated_at = $3, is_active = false, group_id = null, has_keys = false,
  keys_valid = null where user_id = $1 and id = $2
"""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be made; `balance` is what a paper account starts with."""

    id: UUID
    user_id: UUID
    name: str
    exchange: str
    mode: str
    currency: str
    balance: Decimal
    account_type: str
    settings: Mapping[str, Any]
    references: list[Any]


def shown(row: Any) -> dict[str, Any]:
    """A row with its JSON columns read."""
    return {**row, **{name: orjson.loads(row[name]) for name in _JSON if isinstance(row[name], str)}}


async def page(
    connection: Connection,
    user_id: UUID,
    exchange: str | None,
    mode: str | None,
    group_id: UUID | None,
    limit: int,
    offset: int,
) -> tuple[list[dict[str, Any]], int]:
    """The user's accounts, oldest first, and how many there are."""
    asked = (user_id, exchange, mode, group_id)
    rows = await connection.fetch(_LIST, *asked, limit, offset)
    return [shown(row) for row in rows], await connection.fetchval(_COUNT, *asked)


async def one(connection: Connection, user_id: UUID, account_id: UUID, *, lock: bool = False) -> dict[str, Any]:
    """One account. Raises NOT_FOUND."""
    row = await connection.fetchrow(_ONE + (" for update" if lock else ""), user_id, account_id)
    if row is None:
        raise not_found("account")
    return shown(row)


async def create(work: Work, new: NewAccount, at: datetime, *, leases: Leases, most: int) -> bool:
    """Add an account, unless it is there: whether it is new.

    Others hear of paper accounts only: nothing can be ordered on a real one yet.
    """
    await leases.hold(work.connection)
    facts = (new.id, new.user_id, new.name, new.exchange, new.mode, new.currency, new.balance, new.account_type)
    free = (_text(new.settings), _text(new.references))
    if await work.connection.fetchrow(_INSERT, *facts, *free, at, leases.owner, leases.epoch) is None:
        return False
    if await work.connection.fetchval(_COUNT, new.user_id, None, None, None) > most:
        raise MillraceError(Code.INVALID_STATE, f"no more than {most} accounts are possible; delete one first")
    if new.mode == "paper":
        opened = {name: getattr(new, name) for name in ("user_id", "name", "exchange", "mode", "currency")}
        work.emit(AccountOpened(account_id=new.id, initial_balance=new.balance, **opened), at=at)
    await note(work, new.user_id, "account.create", new.id, at)
    return True


async def update(
    work: Work, user_id: UUID, account_id: UUID, changes: Mapping[str, Any], at: datetime
) -> dict[str, Any]:
    """Change name, settings, references, type, or whether orders are taken."""
    row = await one(work.connection, user_id, account_id, lock=True)
    row.update({"notes" if name == "references" else name: value for name, value in changes.items()})
    values = (row["name"], row["is_active"], row["account_type"], _text(row["settings"]), _text(row["notes"]))
    await note(work, user_id, "account.update", account_id, at)
    return shown(await work.connection.fetchrow(_UPDATE, user_id, account_id, *values, at))


async def keep_keys(
    work: Work, account: Row, credentials: Credentials, valid: bool | None, at: datetime, *, seals: Seals
) -> None:
    """Seal an account's keys in place of older ones; `valid` is what the exchange said of them, None: nothing yet."""
    user_id, account_id = account["user_id"], account["id"]
    wrapped, sealed = seals.seal(credentials, user_id, account_id)
    await work.connection.execute(_SEAL, account_id, user_id, wrapped, sealed, at)
    checked = None if valid is None else at
    query = "update accounts set has_keys = true, keys_valid = $3, last_check = $4 where user_id = $1 and id = $2"
    await work.connection.execute(query, user_id, account_id, valid, checked)
    await note(work, user_id, "account.keys", account_id, at)


async def keys_of(connection: Connection, account: Row, seals: Seals) -> tuple[Credentials, datetime]:
    """The account's keys, and since when it has them. Raises INVALID_STATE where it has none."""
    row = await connection.fetchrow(_SEALED, account["user_id"], account["id"])
    if row is None:
        raise MillraceError(Code.INVALID_STATE, "the account has no keys; give it some")
    return seals.open(row["wrapped"], row["sealed"], account["user_id"], account["id"]), row["sealed_at"]


async def keys_checked(work: Work, account: Row, sealed_at: datetime, valid: bool, at: datetime) -> None:
    """Note what the exchange said of the keys that were sealed at that instant; nothing when there are newer ones."""
    await work.connection.execute(_CHECKED, account["user_id"], account["id"], sealed_at, valid, at)


async def synced(work: Work, account: Row, balances: Mapping[str, Decimal], at: datetime) -> None:
    """Note what the account holds."""
    text = _text({asset: plain(amount) for asset, amount in balances.items()})
    await work.connection.execute(_SYNCED, account["user_id"], account["id"], text, at)


async def delete(work: Work, user_id: UUID, account_id: UUID, bots: list[str], at: datetime) -> None:
    """End an account: its keys are destroyed; orders, fills and ledger stay. `bots` are those that trade on it.

    Raises INVALID_STATE while orders are live or bots use it.
    """
    row = await one(work.connection, user_id, account_id, lock=True)
    if bots:
        text = f"bots use this account: {', '.join(bots[:5])}; disconnect or delete them first"
        raise MillraceError(Code.INVALID_STATE, text, details={"bots": bots[:100]})
    if live := await work.connection.fetchval(_LIVE, account_id):
        text = f"{live} orders of this account are live; cancel them, or terminate the account, first"
        raise MillraceError(Code.INVALID_STATE, text, details={"live_orders": live})
    await work.connection.execute("delete from credentials where account_id = $1", account_id)
    await work.connection.execute(_DELETE, user_id, account_id, at)
    if row["mode"] == "paper":
        work.emit(AccountClosed(user_id=user_id, account_id=account_id), at=at)
    await note(work, user_id, "account.delete", account_id, at)


def _text(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()
