"""Proving who one is: the password, and the second factor where there is one; with a bound on wrong guesses."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from millrace.auth.app.attempts import Attempts, too_many
from millrace.auth.app.audit import Audit
from millrace.auth.app.ports import Passwords
from millrace.auth.app.second_factor import SecondFactor
from millrace.auth.domain.attempts import WINDOW
from millrace.common.db.work import Work, Works
from millrace.common.kernel.errors import Code, MillraceError

T = TypeVar("T")
Then = Callable[[Work, Any], Awaitable[T]]

_WRONG = "Incorrect username or password"
_CODE_WRONG = "Incorrect two-factor code"
_CODE_MISSING = "A two-factor code is required"


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says to prove that they are `name`, and from where. `code` is of an app, or a recovery code."""

    name: str
    password: str
    code: str | None
    ip: str
    device: str = ""


class Proof:
    """Checks claims."""

    def __init__(
        self, works: Works, passwords: Passwords, attempts: Attempts, factor: SecondFactor, audit: Audit
    ) -> None:
        self._works = works
        self._passwords = passwords
        self._attempts = attempts
        self._factor = factor
        self._audit = audit

    async def prove(self, claim: Claim, row: Any, then: Then[T], refused: Code = Code.AUTH_INVALID) -> T:
        """What `then` does in the transaction that found the claim true; `row` is the named user or None.

        Raises `refused`, the same as slowly whether there is such a user, and RATE_LIMITED after too many failures.
        """
        self._passwords.demand()
        user_id = row["id"] if row else None
        async with self._works.begin() as work:
            origin = await self._attempts.origin(work.connection, claim.name, user_id, claim.ip, claim.device)
            await self._attempts.check(work.connection, origin)
        good = await self._passwords.verify(claim.password, row["password_hash"] if row else None)
        async with self._works.begin() as work:
            user = await work.connection.fetchrow("select * from users where id = $1 for no key update", user_id)
            # again: of many guesses at once only as many are answered as of guesses one by one
            await self._attempts.check(work.connection, origin)
            good = good and user is not None and user["is_active"] and user["password_hash"] == row["password_hash"]
            problem = await self._second(work, user, claim.code, refused) if good else MillraceError(refused, _WRONG)
            if problem is None:
                await self._attempts.clear(work.connection, origin)
                return await then(work, user)
            if problem.details.get("second_factor") != "required":
                if await self._attempts.fail(work.connection, origin):
                    problem = too_many(WINDOW.total_seconds())
                reason = "wrong code" if good else "wrong password"
                self._audit.note(work, None, "login.fail", user_id or "nobody", reason, claim.ip)
        raise problem

    async def _second(self, work: Work, user: Any, code: str | None, refused: Code) -> MillraceError | None:
        if user["totp_enabled_at"] is None:
            return None
        if not code:
            return MillraceError(refused, _CODE_MISSING, details={"second_factor": "required"})
        if await self._factor.accepts(work, user, code):
            return None
        return MillraceError(refused, _CODE_WRONG, details={"second_factor": "wrong"})
