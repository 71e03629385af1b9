"""Password hashing with argon2id, in two threads with a short queue, so that a flood of logins slows only logins."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from millrace.auth.config import AuthSettings
from millrace.common.kernel.errors import Code, MillraceError


class Passwords:
    """Hashes and checks. `verify` with no hash takes as long as with one."""

    def __init__(self, settings: AuthSettings) -> None:
        hasher = Argon2Hasher(memory_cost=settings.argon2_memory, time_cost=settings.argon2_time, parallelism=1)
        self._hash = PasswordHash((hasher,))
        self._pool = ThreadPoolExecutor(2, "argon2")
        self._limit = settings.hash_queue
        self._waiting = 0
        self._decoy = self._hash.hash("a password that nobody has")

    async def hash(self, password: str) -> str:
        """The hash to store."""
        return str(await self._run(self._hash.hash, password))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the password belongs to the stored hash."""
        good = await self._run(self._hash.verify, password, stored or self._decoy)
        return bool(good) and stored is not None

    async def _run(self, function: object, *values: str) -> object:
        if self._waiting >= self._limit:
            raise MillraceError(Code.UNAVAILABLE, "too many logins at once; try again", retry_after=2)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, function, *values)  # type: ignore[arg-type]
        finally:
            self._waiting -= 1
