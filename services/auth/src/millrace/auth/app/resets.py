"""Forgotten passwords: a single-use token by mail."""

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from millrace.auth.app.attempts import Attempts
from millrace.auth.app.ports import Mail, Passwords, Vault
from millrace.auth.app.users import Users
from millrace.auth.config import AuthSettings
from millrace.auth.domain.rules import check_password, invalid
from millrace.common.db.work import Works
from millrace.common.jobs.queue import Jobs
from millrace.common.jobs.run import Run
from millrace.common.kernel.clock import Clock

JOB = "mail_password_reset"
_USER = """
select u.*, (select count(*) from password_resets r where r.user_id = u.id and r.created_at > $2) as lately
from users u where lower(u.email) = lower($1) and u.is_active
"""
_ADD = "insert into password_resets (hash, user_id, created_at, expires_at) values ($1, $2, $3, $4)"
_OPEN = """
select u.* from password_resets r join users u on u.id = r.user_id
where r.hash = $1 and r.used_at is null and r.expires_at > $2 and u.is_active
"""
_USE = """
update password_resets set used_at = $2 where hash = $1 and used_at is null and expires_at > $2 returning user_id
"""
_HOURLY = 3
_SUBJECT = "Reset your password"
_TEXT = """Somebody, hopefully you, asked to reset the password of {username}.

Open this link to choose a new one:

  {url}/?reset={token}

or give a program this token: {token}

It works once, within {minutes} minutes. All open sessions end with it;
a second factor stays as it is.

If it was not you, do nothing: the password stays as it is.
"""


class Resets:
    """Sends tokens and takes them."""

    def __init__(
        self,
        works: Works,
        jobs: Jobs,
        users: Users,
        passwords: Passwords,
        attempts: Attempts,
        mail: Mail,
        vault: Vault,
        clock: Clock,
        settings: AuthSettings,
    ) -> None:
        self._works = works
        self._jobs = jobs
        self._users = users
        self._passwords = passwords
        self._attempts = attempts
        self._mail = mail
        self._vault = vault
        self._clock = clock
        self._settings = settings

    async def request(self, email: str) -> None:
        """Have a token sent to the user with this address, if there is one.

        Who that is is asked by the job alone, so neither the answer nor its time tells whether there is.
        """
        key = self._vault.digest("reset", email.strip().lower()).hex()
        async with self._works.begin() as work:
            await self._jobs.enqueue(work, JOB, {"email": email.strip()}, dedupe_key=key)

    async def mail(self, run: Run) -> None:
        """The job: make a token and send it; not more than three an hour."""
        now, token = self._clock.now(), secrets.token_urlsafe(32)
        digest = self._vault.digest("reset", token)
        until = now + timedelta(seconds=self._settings.reset_seconds)
        async with run.begin() as work:
            asked = run.job.arguments["email"]
            user: Any = await work.connection.fetchrow(_USER, asked, now - timedelta(hours=1))
            if user is None or user["lately"] >= _HOURLY:
                return
            await work.connection.execute(_ADD, digest, user["id"], now, until)
        try:
            await self._mail.send(user["email"], _SUBJECT, self._text(user["username"], token))
        except BaseException:  # the next try makes a new one
            async with self._works.begin() as work:
                await work.connection.execute("delete from password_resets where hash = $1", digest)
            raise

    def _text(self, username: str, token: str) -> str:
        url, minutes = self._settings.public_url.rstrip("/"), self._settings.reset_seconds // 60
        return _TEXT.format(username=username, url=url, token=token, minutes=minutes)

    async def complete(self, token: str, password: str, ip: str) -> None:
        """Set a new password with a token. Raises VALIDATION_ERROR for a bad password or a token that is not good."""
        digest = self._vault.digest("reset", token)
        rows = await self._works.database.fetch(_OPEN, digest, self._clock.now())
        if not rows:
            raise _unknown()
        user = rows[0]
        check_password(password, user["username"], user["email"], user["email"].split("@")[0])
        hashed = await self._passwords.hash(password)
        async with self._works.begin() as work:
            now = self._clock.now()
            await work.connection.execute("select from users where id = $1 for no key update", user["id"])
            user_id: UUID | None = await work.connection.fetchval(_USE, digest, now)
            if user_id is None:
                raise _unknown()
            await self._users.set_password(work, user, hashed, keep=None, ip=ip)
            await self._attempts.clear_all(work.connection, user["username"], user["email"])


def _unknown() -> Exception:
    return invalid("token", "is unknown, has been used or has expired")
