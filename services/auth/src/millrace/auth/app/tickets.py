"""One-time sign-in links."""

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from millrace.auth.app.ports import Vault
from millrace.auth.app.sessions import Opening, Sessions
from millrace.auth.config import AuthSettings
from millrace.common.db.work import Works
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError

# The user is locked before the ticket, in the order of those who spoil tickets.
_USER = "select u.* from users u join tickets t on t.user_id = u.id where t.hash = $1 for share of u"
_REDEEM = "update tickets set used_at = $2 where hash = $1 and used_at is null and expires_at > $2 returning 1"


class Tickets:
    """Secrets that sign a user in once, soon."""

    def __init__(self, works: Works, sessions: Sessions, vault: Vault, clock: Clock, settings: AuthSettings) -> None:
        self._works = works
        self._sessions = sessions
        self._vault = vault
        self._clock = clock
        self._settings = settings

    async def make(self, user_id: UUID) -> str:
        """A new secret."""
        secret = secrets.token_urlsafe(32)
        until = self._clock.now() + timedelta(seconds=self._settings.ticket_seconds)
        async with self._works.begin() as work:
            digest = self._vault.digest("ticket", secret)
            await work.connection.execute("insert into tickets values ($1, $2, $3)", digest, user_id, until)
        return secret

    async def redeem(self, secret: str, opening: Opening) -> dict[str, Any]:
        """Sign in with it. Raises AUTH_INVALID."""
        digest = self._vault.digest("ticket", secret)
        async with self._works.begin() as work:
            user = await work.connection.fetchrow(_USER, digest)
            if user is None or not await work.connection.fetchval(_REDEEM, digest, self._clock.now()):
                raise MillraceError(Code.AUTH_INVALID, "this sign-in link has been used or has expired")
            return await self._sessions.open(work, user, opening, "ticket")
