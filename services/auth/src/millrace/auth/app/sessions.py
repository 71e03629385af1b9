"""Sessions and the tokens that stand for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from millrace.auth.app import users
from millrace.auth.app.audit import Audit
from millrace.auth.app.ports import Signer
from millrace.auth.config import AuthSettings
from millrace.auth.domain.contracts import access_seconds
from millrace.common.auth.tokens import invalid
from millrace.common.db.work import Work, Works
from millrace.common.events.users import SessionEnded
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.ids import new_id

_OPEN = """
insert into sessions (id, user_id, user_agent, ip, claimed_ip, device_type, device, contract, hint, created_at,
  used_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11) returning *
"""
_LIVE = """
select s.id from sessions s join users u on u.id = s.user_id
where s.id = any($1::uuid[]) and s.ended_at is null and s.expires_at > $2 and u.is_active
union all
select k.id from api_keys k join users u on u.id = k.user_id
where k.id = any($1::uuid[]) and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2) and u.is_active
"""
_LIST = "select * from sessions where user_id = $1 and ended_at is null and expires_at > $2 order by created_at desc"
_END = """
update sessions set ended_at = $2, ended_reason = $3
where id = $1 and ended_at is null and ($4::uuid is null or user_id = $4) returning user_id
"""
_USE = """
update sessions set used_at = $2 where id = $1 and ended_at is null and expires_at > $2 returning *
"""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a session comes about: from where, on what, and in the words of which contract."""

    ip: str = ""
    user_agent: str = ""
    claimed_ip: str = ""
    device_type: str = ""
    device: bytes | None = None
    contract: str | None = None
    hint: str | None = None


class Sessions:
    """Opens, renews, shows and ends sessions."""

    def __init__(self, works: Works, signer: Signer, clock: Clock, audit: Audit, settings: AuthSettings) -> None:
        self._works = works
        self._signer = signer
        self._clock = clock
        self._audit = audit
        self._settings = settings

    async def open(self, work: Work, user: Any, opening: Opening, how: str) -> dict[str, Any]:
        """A new session and its tokens, for a user who has proved who they are and whose row `work` has locked."""
        session_id, now = new_id(self._clock), self._clock.now()
        if not user["is_active"]:
            raise MillraceError(Code.AUTH_INVALID, "this account is disabled")
        values = (opening.user_agent, opening.ip, opening.claimed_ip, opening.device_type, opening.device)
        until = now + timedelta(seconds=self._settings.refresh_seconds)
        session = await work.connection.fetchrow(
            _OPEN, session_id, user["id"], *values, opening.contract, opening.hint, now, until
        )
        self._audit.note(work, user["id"], "login", session_id, how, opening.ip)
        refresh = self._signer.sign("refresh", user, session_id, self._settings.refresh_seconds)
        return self._tokens(user, session, refresh)

    def _tokens(self, user: Any, session: Any, refresh: str, asked: str | None = None) -> dict[str, Any]:
        contract, hint = session["contract"] or user["contract"], session["hint"]
        seconds = access_seconds(asked or contract or hint, self._settings.access_seconds)
        return {
            "access_token": self._signer.sign("access", user, session["id"], seconds, ctr=contract, hint=hint),
            "refresh_token": refresh,
            "token_type": "bearer",
            "expires_in": seconds,
            "session_id": session["id"],
            "contract": contract,
            "hint": hint,
            "user": users.shown(user),
        }

    async def refresh(self, token: str, contract: str | None = None) -> dict[str, Any]:
        """A new access token; the refresh token stays as it is, and ends with the session.

        The token lives as long as `contract` says; without one as the session's.
        """
        user_id, session_id = self._signer.read_refresh(token)
        async with self._works.begin() as work:
            user: Any = await work.connection.fetchrow("select * from users where id = $1 for share", user_id)
            session = await work.connection.fetchrow(_USE, session_id, self._clock.now())
            if session is None or user is None or not user["is_active"]:
                raise invalid()
        return self._tokens(user, session, token, contract)

    async def live(self, session_ids: Sequence[UUID]) -> list[UUID]:
        """Those of the sessions and API keys that are neither ended nor expired."""
        rows = await self._works.database.fetch(_LIVE, list(session_ids), self._clock.now())
        return [row["id"] for row in rows]

    async def of_user(self, user_id: UUID, current: UUID | None) -> list[dict[str, Any]]:
        """A user's living sessions, the newest first."""
        async with self._works.database.as_user(user_id) as connection:
            rows = await connection.fetch(_LIST, user_id, self._clock.now())
        return [_shown(row, current) for row in rows]

    async def end(self, session_id: UUID, reason: str, owner: UUID | None = None) -> bool:
        """End a session; its tokens are worthless from then on. With `owner`, only one of theirs."""
        async with self._works.begin(owner) as work:
            return await self._end(work, session_id, reason, owner)

    async def _end(self, work: Work, session_id: UUID, reason: str, owner: UUID | None) -> bool:
        user_id = await work.connection.fetchval(_END, session_id, self._clock.now(), reason, owner)
        if user_id is not None:
            work.emit(SessionEnded(user_id=user_id, session_id=session_id, reason=reason))
            self._audit.note(work, user_id, "session.end", session_id, reason)
        return user_id is not None

    async def terminate(self, user_id: UUID, session_id: UUID) -> None:
        """End one of the user's own sessions, and the one-time links it may have made. Raises NOT_FOUND."""
        async with self._works.begin(user_id) as work:
            await users.spoil_tickets(work, user_id, self._clock.now())
            if not await self._end(work, session_id, "terminated", user_id):
                raise not_found("session")

    async def end_by_refresh(self, token: str) -> None:
        """End the session of a refresh token."""
        _, session_id = self._signer.read_refresh(token)
        await self.end(session_id, "logout")


def _shown(row: Any, current: UUID | None) -> dict[str, Any]:
    device = {
        "ip_address": row["ip"] or row["claimed_ip"],
        "user_agent": row["user_agent"],
        "device_type": row["device_type"],
    }
    times = {name: row[name] for name in ("created_at", "used_at", "expires_at")}
    return {
        "session_id": row["id"],
        "device_info": device,
        "contract": row["contract"] or row["hint"],
        "current": row["id"] == current,
        **times,
    }
