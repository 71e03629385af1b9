"""Registration, and the invites that open it."""

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from millrace.auth.app.audit import Audit
from millrace.auth.app.ports import Vault
from millrace.auth.app.sessions import Opening, Sessions
from millrace.auth.app.users import NewUser, Users
from millrace.auth.config import AuthSettings
from millrace.auth.domain.rules import told_once
from millrace.common.db.database import Connection
from millrace.common.db.work import Works
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.ids import new_id

# an invite that nobody made is for the first administrator, and worth nothing once there is one
_OPEN = """
select * from invites where hash = $1 and used_at is null and revoked_at is null and expires_at > $2
  and (email is null or lower(email) = lower($3))
  and (user_id is not null or not exists (select from users where role = 'admin'))
for update
"""
_USED = "update invites set used_at = $2, used_by = $3 where id = $1"
_ADD = """
insert into invites (id, hash, user_id, role, email, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing returning *
"""
_LIST = "select * from invites where user_id is not null order by created_at desc"
_REVOKE = """
update invites set revoked_at = $2 where id = $1 and used_at is null and revoked_at is null returning id
"""
_SHOWN = ("id", "role", "email", "created_at", "expires_at", "used_at", "used_by", "revoked_at")
_SETUP = timedelta(hours=24)
_CLOSED = "registration is closed; ask an administrator"
_INVITED = "registration needs an invite, and this is none that is still good"


class Registration:
    """Makes users of strangers."""

    def __init__(
        self,
        works: Works,
        users: Users,
        sessions: Sessions,
        vault: Vault,
        clock: Clock,
        audit: Audit,
        settings: AuthSettings,
    ) -> None:
        self._works = works
        self._users = users
        self._sessions = sessions
        self._vault = vault
        self._clock = clock
        self._audit = audit
        self._settings = settings

    async def register(self, asked: NewUser, invite_code: str | None, opening: Opening) -> dict[str, Any]:
        """A new user's tokens. Raises VALIDATION_ERROR, CONFLICT, and PERMISSION_DENIED without a needed invite.

        Where anybody may register an invite only gives its role; one that is not good is passed over.
        """
        async with self._works.begin() as work:
            await self._role(work.connection, asked.email, invite_code)  # before a password is hashed for nothing
        values = await self._users.checked(asked)
        async with self._works.begin() as work:
            invite, role = await self._role(work.connection, asked.email, invite_code)
            user = await self._users.insert(work, values, role, None, opening.ip)
            if invite is not None:
                await work.connection.execute(_USED, invite["id"], self._clock.now(), user["id"])
            return await self._sessions.open(work, user, opening, "registration")

    async def _role(self, connection: Connection, email: str, code: str | None) -> tuple[Any, str]:
        invite = None
        if code:
            digest = self._vault.digest("invite", code.strip())
            invite = await connection.fetchrow(_OPEN, digest, self._clock.now(), email)
        if invite is None and self._settings.registration != "open":
            text = _CLOSED if self._settings.registration == "closed" else _INVITED
            raise MillraceError(Code.PERMISSION_DENIED, text)
        return invite, invite["role"] if invite else "trader"

    async def invite(
        self, by: UUID, role: str, email: str | None, seconds: int | None, intent_id: UUID | None = None
    ) -> dict[str, Any]:
        """A new invite, with its code: it is shown this once. Raises IDEMPOTENCY_CONFLICT when the intent made one."""
        good = timedelta(seconds=seconds or self._settings.invite_seconds)
        async with self._works.begin() as work:
            made = await self._make(work.connection, by, role, email, good, intent_id)
            self._audit.note(work, by, "invite.create", made["id"], role)
        return made

    async def first_admin(self) -> str | None:
        """A code for whoever shall be the first administrator, in place of any before; None when there is one."""
        async with self._works.begin() as work:
            await work.connection.execute("lock table invites in exclusive mode")
            if await work.connection.fetchval("select exists (select from users where role = 'admin')"):
                return None
            await work.connection.execute("delete from invites where user_id is null and used_at is null")
            made = await self._make(work.connection, None, "admin", None, _SETUP)
        return str(made["code"])

    async def invites(self) -> list[dict[str, Any]]:
        """All that administrators have made, the newest first."""
        return [_shown(row) for row in await self._works.database.fetch(_LIST)]

    async def revoke(self, by: UUID, invite_id: UUID) -> None:
        """Make an invite worthless. Raises NOT_FOUND, also when it has been used."""
        async with self._works.begin() as work:
            if await work.connection.fetchval(_REVOKE, invite_id, self._clock.now()) is None:
                raise not_found("invite")
            self._audit.note(work, by, "invite.revoke", invite_id)

    async def _make(
        self,
        connection: Connection,
        by: UUID | None,
        role: str,
        email: str | None,
        good: timedelta,
        intent_id: UUID | None = None,
    ) -> dict[str, Any]:
        code, now = secrets.token_urlsafe(18), self._clock.now()
        digest = self._vault.digest("invite", code)
        invite_id = intent_id or new_id(self._clock)
        row = await connection.fetchrow(_ADD, invite_id, digest, by, role, email, now, now + good)
        if row is None:
            raise told_once("invite")
        return {**_shown(row), "code": code}


def _shown(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in _SHOWN}
