"""Sessions and the tokens that stand for them."""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from millrace.auth.app import users
from millrace.auth.app.ports import Passwords, Signer
from millrace.auth.config import AuthSettings
from millrace.common.auth.tokens import invalid
from millrace.common.db.work import Works
from millrace.common.events.users import SessionEnded
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.ids import new_id

log = structlog.get_logger()

_OPEN = """
insert into sessions (id, user_id, user_agent, ip, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)
"""
_LIVE = """
select s.id from sessions s join users u on u.id = s.user_id
where s.id = any($1::uuid[]) and s.ended_at is null and s.expires_at > $2 and u.is_active
"""
_END = "update sessions set ended_at = $2, ended_reason = $3 where id = $1 and ended_at is null returning user_id"
_REDEEM = """
update tickets set used_at = $2 where hash = $1 and used_at is null and expires_at > $2 returning user_id
"""
_FORGET = (
    "delete from sessions where ended_at < $1 or expires_at < $1",
    "delete from tickets where expires_at < $1",
)
_KEPT = timedelta(days=30)
_WRONG = "Incorrect username or password"


class Sessions:
    """Sign-in in all its forms."""

    def __init__(
        self, works: Works, signer: Signer, passwords: Passwords, clock: Clock, settings: AuthSettings
    ) -> None:
        self._works = works
        self._signer = signer
        self._passwords = passwords
        self._clock = clock
        self._settings = settings

    async def login(self, username: str, password: str, user_agent: str, ip: str) -> dict[str, Any]:
        """Tokens for the right password; the same AUTH_INVALID, as slowly, for a wrong one and an unknown user."""
        row = await users.find(self._works, username)
        good = await self._passwords.verify(password, row["password_hash"] if row else None)
        if not good:
            raise MillraceError(Code.AUTH_INVALID, _WRONG)
        return await self.open(row["id"], user_agent, ip)

    async def open(self, user_id: UUID, user_agent: str = "", ip: str = "") -> dict[str, Any]:
        """A new session for a user who has proved who they are. Raises AUTH_INVALID when they are disabled."""
        session_id, now = new_id(self._clock), self._clock.now()
        until = now + timedelta(seconds=self._settings.refresh_seconds)
        async with self._works.begin() as work:  # locked: an administrator who changes the user ends this session too
            user: Any = await work.connection.fetchrow("select * from users where id = $1 for share", user_id)
            if not user["is_active"]:
                raise MillraceError(Code.AUTH_INVALID, _WRONG)
            await work.connection.execute(_OPEN, session_id, user_id, user_agent, ip, now, until)
        refresh = self._signer.sign("refresh", user, session_id, self._settings.refresh_seconds)
        return self._tokens(user, session_id, refresh)

    def _tokens(self, user: Any, session_id: UUID, refresh: str) -> dict[str, Any]:
        seconds = self._settings.access_seconds
        return {
            "access_token": self._signer.sign("access", user, session_id, seconds),
            "refresh_token": refresh,
            "expires_in": seconds,
            "user": users.shown(user),
        }

    async def refresh(self, token: str) -> dict[str, Any]:
        """A new access token; the refresh token stays as it is."""
        user_id, session_id = self._signer.read_refresh(token)
        if not await self.live([session_id]):
            raise invalid()
        rows = await self._works.database.fetch("select * from users where id = $1", user_id)
        return self._tokens(rows[0], session_id, token)

    async def live(self, session_ids: Sequence[UUID]) -> list[UUID]:
        """Those of the sessions that are neither ended nor expired."""
        rows = await self._works.database.fetch(_LIVE, list(session_ids), self._clock.now())
        return [row["id"] for row in rows]

    async def end(self, session_id: UUID, reason: str) -> None:
        """End a session; its tokens are worthless from then on."""
        async with self._works.begin() as work:
            user_id = await work.connection.fetchval(_END, session_id, self._clock.now(), reason)
            if user_id is not None:
                work.emit(SessionEnded(user_id=user_id, session_id=session_id, reason=reason))

    async def end_by_refresh(self, token: str) -> None:
        """End the session of a refresh token."""
        _, session_id = self._signer.read_refresh(token)
        await self.end(session_id, "logout")

    async def ticket(self, user_id: UUID) -> str:
        """A secret that signs the user in once, soon."""
        secret = secrets.token_urlsafe(32)
        until = self._clock.now() + timedelta(seconds=self._settings.ticket_seconds)
        async with self._works.begin() as work:
            digest = hashlib.sha256(secret.encode()).digest()
            await work.connection.execute("insert into tickets values ($1, $2, $3)", digest, user_id, until)
        return secret

    async def redeem(self, secret: str) -> dict[str, Any]:
        """Sign in with a ticket."""
        digest = hashlib.sha256(secret.encode(errors="replace")).digest()
        async with self._works.begin() as work:
            user_id = await work.connection.fetchval(_REDEEM, digest, self._clock.now())
        if user_id is None:
            raise MillraceError(Code.AUTH_INVALID, "this sign-in link has been used or has expired")
        return await self.open(user_id)

    async def forget(self) -> int:
        """Delete what has been over for a month; returns how many rows."""
        before, gone = self._clock.now() - _KEPT, 0
        for query in _FORGET:
            async with self._works.database.transaction() as connection:
                gone += int((await connection.execute(query, before)).split()[-1])
        return gone

    async def forget_daily(self) -> None:
        """The same again and again."""
        while True:
            try:
                await self.forget()
            except Exception as problem:
                log.warning("old sessions could not be deleted", error=repr(problem))
            await asyncio.sleep(24 * 3600)
