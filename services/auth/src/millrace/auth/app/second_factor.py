"""The second factor: one-time codes of an authenticator app, and recovery codes for when it is lost."""

import secrets
from typing import Any
from uuid import UUID

from millrace.auth.app.audit import Audit
from millrace.auth.app.ports import Totp, Vault
from millrace.auth.domain.rules import invalid
from millrace.common.db.work import Work, Works
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError, not_found

_ROW = "select * from users where id = $1 for no key update"
_ENROL = "update users set totp_secret = $2 where id = $1"
_ENABLE = "update users set totp_enabled_at = $2, totp_step = $3 where id = $1"
_DISABLE = "update users set totp_secret = null, totp_enabled_at = null, totp_step = 0 where id = $1"
_STEP = "update users set totp_step = $2 where id = $1 and totp_step < $2 returning 1"
_USE = """
update recovery_codes set used_at = $3 where hash = $1 and user_id = $2 and used_at is null returning 1
"""
_STORE = "insert into recovery_codes (hash, user_id) select hash, $2 from unnest($1::bytea[]) as new(hash)"
_CODES = 10
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LETTERS = 16


class SecondFactor:
    """Each code works once: the newest step that was taken is kept, and recovery codes are marked as used."""

    def __init__(self, works: Works, vault: Vault, totp: Totp, clock: Clock, audit: Audit) -> None:
        self._works = works
        self._vault = vault
        self._totp = totp
        self._clock = clock
        self._audit = audit

    async def enrol(self, user_id: UUID) -> dict[str, str]:
        """A new secret, its address and picture; it counts once a code of it was verified. Raises CONFLICT."""
        async with self._works.begin(user_id) as work:
            user = await self._off(work, user_id)
            secret = self._totp.secret()
            await work.connection.execute(_ENROL, user_id, self._vault.seal(secret, str(user_id)))
            self._audit.note(work, user_id, "two_factor.enrol", user_id)
        address = self._totp.address(secret, user["email"])
        return {"secret": secret, "provisioning_uri": address, "qr_code": self._totp.picture(address)}

    async def enable(self, user_id: UUID, code: str) -> list[str]:
        """Ask for codes from now on; returns the recovery codes. Raises VALIDATION_ERROR, CONFLICT, INVALID_STATE."""
        async with self._works.begin(user_id) as work:
            user = await self._off(work, user_id)
            if user["totp_secret"] is None:
                raise MillraceError(Code.INVALID_STATE, "enrol first")
            step = self._step(user, code)
            if step is None:
                raise invalid("totp_code", "is not the app's current code")
            await work.connection.execute(_ENABLE, user_id, self._clock.now(), step)
            self._audit.note(work, user_id, "two_factor.enable", user_id)
            return await self._new_codes(work, user_id)

    async def disable(self, work: Work, user_id: UUID, by: UUID, ip: str = "") -> None:
        """Ask for no codes any more."""
        await work.connection.execute(_DISABLE, user_id)
        await work.connection.execute("delete from recovery_codes where user_id = $1", user_id)
        self._audit.note(work, by, "two_factor.disable", user_id, ip=ip)

    async def renew_codes(self, work: Work, user: Any, ip: str) -> list[str]:
        """New recovery codes in place of the old ones. Raises INVALID_STATE."""
        if user["totp_enabled_at"] is None:
            raise MillraceError(Code.INVALID_STATE, "two-factor authentication is off")
        self._audit.note(work, user["id"], "two_factor.recovery_codes", user["id"], ip=ip)
        return await self._new_codes(work, user["id"])

    async def accepts(self, work: Work, user: Any, code: str) -> bool:
        """Whether this is a code of a user whose row is locked, and was not used before; it is from then on."""
        step = self._step(user, code)
        if step is not None:
            return await work.connection.fetchval(_STEP, user["id"], step) is not None
        digest = self._vault.digest("recovery", _plain(code))
        used = await work.connection.fetchval(_USE, digest, user["id"], self._clock.now()) is not None
        if used:
            self._audit.note(work, user["id"], "two_factor.recovery_code_used", user["id"])
        return used

    async def _off(self, work: Work, user_id: UUID) -> Any:
        user: Any = await work.connection.fetchrow(_ROW, user_id)
        if user is None:
            raise not_found("user")
        if user["totp_enabled_at"] is not None:
            raise MillraceError(Code.CONFLICT, "two-factor authentication is on already")
        return user

    def _step(self, user: Any, code: str) -> int | None:
        secret = self._vault.unseal(bytes(user["totp_secret"]), str(user["id"]))
        return self._totp.step(secret, code.replace(" ", ""), self._clock.now().timestamp())

    async def _new_codes(self, work: Work, user_id: UUID) -> list[str]:
        codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS)) for _ in range(_CODES)]
        await work.connection.execute("delete from recovery_codes where user_id = $1", user_id)
        digests = [self._vault.digest("recovery", code) for code in codes]
        await work.connection.execute(_STORE, digests, user_id)
        return ["-".join(code[at : at + 4] for at in range(0, _LETTERS, 4)) for code in codes]


def _plain(code: str) -> str:
    """A recovery code as it was made, however it was typed."""
    return code.upper().replace("-", "").replace(" ", "")
