"""Users: how they come to be, what they change about themselves, and what administrators change about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from email_validator import EmailNotValidError, validate_email

from millrace.auth.app.audit import Audit
from millrace.auth.app.ports import Passwords
from millrace.auth.domain import rules
from millrace.auth.domain.rules import invalid
from millrace.common.auth.principal import PERMISSIONS
from millrace.common.db.work import Work, Works
from millrace.common.events.users import SessionEnded, UserDisabled, UserEnabled, UserRegistered
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.ids import new_id

_INSERT = """
insert into users (id, username, email, password_hash, full_name, first_name, role, origin_contract, currency,
  created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing returning *
"""
_FIND = "select * from users where lower(username) = lower($1) or lower(email) = lower($1)"
_CHANGE = """
update users set full_name = $2, first_name = $3, currency = $4, contract = $5, preferences = preferences || $6::jsonb
where id = $1 returning *
"""
_ADMINISTER = "update users set role = $2, is_active = $3 where id = $1 returning *"
_PASSWORD = "update users set password_hash = $2 where id = $1"  # noqa: S105 - SQL
_END_ALL = """
update sessions set ended_at = $2, ended_reason = $3
where user_id = $1 and ended_at is null and id is distinct from $4 returning id
"""
_SPOIL_TICKETS = "update tickets set used_at = $2 where user_id = $1 and used_at is null"
_SPOIL_RESETS = "update password_resets set used_at = $2 where user_id = $1 and used_at is null"
_BOTH = "select * from users where id = any($1::uuid[]) order by id for update"
_LIST = """
select *, count(*) over () as total from users
where ($1::text is null or role = $1) and ($2::boolean is null or is_active = $2)
  and ($3::text is null or position(lower($3) in lower(username || ' ' || email)) > 0)
order by num limit $4 offset $5
"""
_PREFERENCES = {"theme": "dark", "language": "en"}
_PREFERENCES_LIMIT = 16_384
_SHOWN = (
    *("id", "num", "username", "email", "full_name", "first_name", "role", "is_active", "currency", "contract"),
    *("origin_contract", "created_at"),
)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NewUser:
    """Who wants to be a user. Without a username it is the e-mail address."""

    email: str
    password: str
    username: str | None = None
    full_name: str | None = None
    first_name: str | None = None
    currency: str = "ZAR"
    origin_contract: str = "botplatform"


class Users:
    """The rows of users, and telling the other services of them."""

    def __init__(self, works: Works, passwords: Passwords, clock: Clock, audit: Audit) -> None:
        self._works = works
        self._passwords = passwords
        self._clock = clock
        self._audit = audit

    async def checked(self, asked: NewUser) -> tuple[Any, ...]:
        """The values of a new row without id, role and time. Raises VALIDATION_ERROR."""
        email = _address(asked.email)
        username = asked.username or email
        rules.check_username(username, email)
        rules.check_password(asked.password, username, email, email.split("@")[0])
        currency = rules.check_currency(asked.currency)
        hashed = await self._passwords.hash(asked.password)
        names = rules.names(asked.full_name, asked.first_name)
        return username, email, hashed, *names, asked.origin_contract, currency

    async def insert(self, work: Work, values: tuple[Any, ...], role: str, by: UUID | None, ip: str = "") -> Any:
        """Make a user of what `checked` gave, and tell the other services. Raises CONFLICT."""
        user_id, (*known, origin, currency) = new_id(self._clock), values
        row = await work.connection.fetchrow(_INSERT, user_id, *known, role, origin, currency, self._clock.now())
        if row is None:
            raise MillraceError(Code.CONFLICT, "this username or e-mail address is taken")
        work.emit(UserRegistered(user_id=user_id, username=row["username"], role=role, origin=origin))
        self._audit.note(work, by or user_id, "user.create", user_id, role, ip)
        return row

    async def add(self, asked: NewUser, role: str, by: UUID) -> Row:
        """A user made by an administrator."""
        values = await self.checked(asked)
        async with self._works.begin() as work:
            return shown(await self.insert(work, values, role, by))

    async def find(self, name: str) -> Any:
        """The user by name or e-mail address, with the hash; None when there is none."""
        rows = await self._works.database.fetch(_FIND, name.strip())
        return rows[0] if rows else None

    async def resolve(self, text: str) -> UUID:
        """The id of a user who is named by id or number. Raises NOT_FOUND."""
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
        try:
            user_id = UUID(text) if number is None else None
        except ValueError:
            raise not_found("user") from None
        rows = await self._works.database.fetch("select id from users where id = $1 or num = $2", user_id, number)
        if not rows:
            raise not_found("user")
        return UUID(str(rows[0]["id"]))

    async def get(self, user_id: UUID) -> Row:
        """One user, by themselves. Raises NOT_FOUND."""
        async with self._works.database.as_user(user_id) as connection:
            row = await connection.fetchrow("select * from users where id = $1", user_id)
        if row is None:
            raise not_found("user")
        return shown(row)

    async def page(
        self, role: str | None, is_active: bool | None, text: str | None, limit: int, offset: int
    ) -> tuple[list[Row], int]:
        """A page of users in the order in which they came, and how many there are."""
        rows = await self._works.database.fetch(_LIST, role, is_active, text, limit, offset)
        if not rows and offset:
            return [], (await self.page(role, is_active, text, 1, 0))[1]
        return [shown(row) for row in rows], rows[0]["total"] if rows else 0

    async def change(self, work: Work, user_id: UUID, changes: Mapping[str, Any]) -> Row:
        """Apply a profile change; given preferences are merged into the old ones. Raises PAYLOAD_TOO_LARGE."""
        old: Any = await work.connection.fetchrow("select * from users where id = $1 for no key update", user_id)
        if old is None:
            raise not_found("user")
        preferences = orjson.dumps(changes.get("preferences") or {}).decode()
        names = old["full_name"], old["first_name"]
        if "full_name" in changes or "first_name" in changes:
            names = rules.names(*(changes.get(name) for name in ("full_name", "first_name")))
            names = (old["full_name"] if "full_name" not in changes else names[0]), names[1]
        currency = rules.check_currency(changes.get("currency") or old["currency"])
        contract = changes.get("contract", old["contract"])
        row: Any = await work.connection.fetchrow(_CHANGE, user_id, *names, currency, contract, preferences)
        if len(row["preferences"]) > _PREFERENCES_LIMIT:
            raise MillraceError(Code.PAYLOAD_TOO_LARGE, f"preferences may take {_PREFERENCES_LIMIT} characters in all")
        return shown(row)

    async def administer(self, work: Work, by: UUID, user_id: UUID, role: str | None, is_active: bool | None) -> Row:
        """Give a role, disable or enable; unless nothing changes, all sessions of the user end.

        Raises NOT_FOUND, and PERMISSION_DENIED when `by` is no administrator any more: of two who demote each other at
        once, one stays.
        """
        rows: dict[UUID, Any] = {row["id"]: row for row in await work.connection.fetch(_BOTH, [by, user_id])}
        old = rows.get(user_id)
        if old is None:
            raise not_found("user")
        if by in rows and not (rows[by]["role"] == "admin" and rows[by]["is_active"]):
            raise MillraceError(Code.PERMISSION_DENIED, "you are no administrator any more")
        role, is_active = role or old["role"], old["is_active"] if is_active is None else is_active
        if (role, is_active) == (old["role"], old["is_active"]):
            return shown(old)
        row = await work.connection.fetchrow(_ADMINISTER, user_id, role, is_active)
        await self.end_sessions(work, user_id, "role changed" if is_active else "disabled")
        if role != old["role"]:
            self._audit.note(work, by, "user.role", user_id, role)
        if is_active != old["is_active"]:
            self._audit.note(work, by, "user.enable" if is_active else "user.disable", user_id)
            work.emit(UserEnabled(user_id=user_id) if is_active else UserDisabled(user_id=user_id))
        return shown(row)

    async def set_password(self, work: Work, user: Any, hashed: str, *, keep: UUID | None, ip: str) -> None:
        """Store a new password; all sessions end but the one to `keep`, and tokens to reset the old one are spoilt."""
        await work.connection.execute(_PASSWORD, user["id"], hashed)
        await work.connection.execute(_SPOIL_RESETS, user["id"], self._clock.now())
        await self.end_sessions(work, user["id"], "password changed", keep)
        self._audit.note(work, user["id"], "password.change", user["id"], ip=ip)

    async def end_sessions(self, work: Work, user_id: UUID, reason: str, keep: UUID | None = None) -> int:
        """End all sessions of a user but the one to `keep`, and their one-time links; returns how many sessions."""
        await spoil_tickets(work, user_id, self._clock.now())
        rows = await work.connection.fetch(_END_ALL, user_id, self._clock.now(), reason, keep)
        for ended in rows:
            work.emit(SessionEnded(user_id=user_id, session_id=ended["id"], reason=reason))
        return len(rows)


async def spoil_tickets(work: Work, user_id: UUID, now: datetime) -> None:
    """Make the user's one-time links worthless. Before sessions end: one that is being opened then ends with them."""
    await work.connection.execute(_SPOIL_TICKETS, user_id, now)


def _address(email: str) -> str:
    """The address as it is stored. ASCII only before the @: two addresses that look alike must not be two users."""
    try:
        return validate_email(email, check_deliverability=False, test_environment=True, allow_smtputf8=False).normalized
    except EmailNotValidError as wrong:
        raise invalid("email", str(wrong)) from None


def shown(row: Any) -> Row:
    """A user without what must stay here."""
    preferences = row["preferences"]
    read = orjson.loads(preferences) if isinstance(preferences, str) else preferences
    return {
        **{name: row[name] for name in _SHOWN},
        "permissions": sorted(PERMISSIONS[row["role"]]),
        "two_factor_enabled": row["totp_enabled_at"] is not None,
        "preferences": {**_PREFERENCES, **read},
    }
