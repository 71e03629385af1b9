"""Users: registration and what they change about themselves."""

from typing import Any
from uuid import UUID

import orjson
from email_validator import EmailNotValidError, validate_email

from millrace.auth.app.ports import Passwords
from millrace.auth.domain.rules import check_password, check_username, invalid
from millrace.common.db.work import Work, Works
from millrace.common.events.users import SessionEnded, UserDisabled, UserRegistered
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.ids import new_id

_INSERT = """
insert into users (id, username, email, password_hash, full_name, role, origin, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning *
"""
_FIND = "select * from users where lower(username) = lower($1) or lower(email) = lower($1)"
_CHANGE = """
update users set full_name = case when $2 then $3 else full_name end, preferences = preferences || $4::jsonb
where id = $1 returning *
"""
_ADMINISTER = "update users set role = $2, is_active = $3 where id = $1 returning *"
_END_ALL = """
update sessions set ended_at = $2, ended_reason = $3 where user_id = $1 and ended_at is null returning id
"""
_PREFERENCES_LIMIT = 16_384
Row = dict[str, Any]


async def create_user(
    works: Works,
    passwords: Passwords,
    clock: Clock,
    *,
    username: str,
    email: str,
    password: str,
    full_name: str | None = None,
    role: str = "trader",
    origin: str = "botplatform",
) -> Row:
    """Make a user and tell the other services. Raises VALIDATION_ERROR or CONFLICT."""
    try:  # ASCII only before the @: two addresses that look alike must not be two users
        checked = validate_email(email, check_deliverability=False, test_environment=True, allow_smtputf8=False)
    except EmailNotValidError as wrong:
        raise invalid("email", str(wrong)) from None
    email = checked.normalized
    check_username(username, email)
    check_password(password, username, email, email.split("@")[0])
    hashed = await passwords.hash(password)
    values = (new_id(clock), username, email, hashed, full_name, role, origin, clock.now())
    async with works.begin() as work:
        row: Any = await work.connection.fetchrow(_INSERT, *values)
        if row is None:
            raise MillraceError(Code.CONFLICT, "this username or e-mail address is taken")
        work.emit(UserRegistered(user_id=row["id"], username=username, role=role, origin=origin))
    return shown(row)


async def find(works: Works, name: str) -> Any:
    """The user by name or e-mail address, with the hash; None when there is none."""
    rows = await works.database.fetch(_FIND, name)
    return rows[0] if rows else None


async def administer(work: Work, clock: Clock, user_id: UUID, role: str | None, is_active: bool | None) -> Row:
    """Give a role, disable or enable; unless nothing changes, all sessions of the user end. Raises NOT_FOUND."""
    old: Any = await work.connection.fetchrow("select * from users where id = $1 for update", user_id)
    if old is None:
        raise not_found("user")
    role, is_active = role or old["role"], old["is_active"] if is_active is None else is_active
    if (role, is_active) == (old["role"], old["is_active"]):
        return shown(old)
    row = await work.connection.fetchrow(_ADMINISTER, user_id, role, is_active)
    reason = "role changed" if is_active else "disabled"
    for ended in await work.connection.fetch(_END_ALL, user_id, clock.now(), reason):
        work.emit(SessionEnded(user_id=user_id, session_id=ended["id"], reason=reason))
    if old["is_active"] and not is_active:
        work.emit(UserDisabled(user_id=user_id))
    return shown(row)


async def change(work: Work, user_id: UUID, changes: Row) -> Row:
    """Apply a profile change; given preferences are merged into the old ones. Raises PAYLOAD_TOO_LARGE."""
    preferences = orjson.dumps(changes.get("preferences") or {}).decode()
    named = "full_name" in changes
    row = await work.connection.fetchrow(_CHANGE, user_id, named, changes.get("full_name"), preferences)
    if row is None:
        raise not_found("user")
    if len(row["preferences"]) > _PREFERENCES_LIMIT:
        raise MillraceError(Code.PAYLOAD_TOO_LARGE, f"preferences may take {_PREFERENCES_LIMIT} characters in all")
    return shown(row)


def shown(row: Any) -> Row:
    """A user without what must stay here."""
    names = ("id", "num", "username", "email", "full_name", "role", "is_active", "origin", "created_at")
    preferences = row["preferences"]
    read = orjson.loads(preferences) if isinstance(preferences, str) else preferences
    return {**{name: row[name] for name in names}, "preferences": read}
