"""Password hashing with argon2id, two at a time with a short queue, so that a flood of logins slows only logins."""

import asyncio
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from os import urandom

from millrace.auth.adapters.hashing import HASHERS
from millrace.auth.config import AuthSettings
from millrace.auth.domain.rules import normal
from millrace.common.kernel.errors import Code, MillraceError


class Passwords:
    """Hashes and checks. `verify` with no hash takes as long as with one."""

    def __init__(self, settings: AuthSettings) -> None:
        self._costs = settings.argon2_memory, settings.argon2_time
        self._pool = ThreadPoolExecutor(2, "argon2")
        self._limit = settings.hash_queue
        self._waiting = 0
        salt, digest = (b64encode(urandom(size)).decode().rstrip("=") for size in (16, 32))
        self._nobodys = "$argon2id$v=19$m={},t={},p=1${}${}".format(*self._costs, salt, digest)

    def demand(self) -> None:
        """Raises UNAVAILABLE when too many wait."""
        if self._waiting >= self._limit:
            raise MillraceError(Code.UNAVAILABLE, "too many logins at once; try again", retry_after=2)

    async def hash(self, password: str) -> str:
        """The hash to store."""
        return str(await self._run(normal(password)))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the password belongs to the stored hash."""
        good = await self._run(normal(password), stored or self._nobodys)
        return bool(good) and stored is not None

    async def close(self) -> None:
        """End the threads; what still waits is given up."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, *values: str) -> object:
        self.demand()
        self._waiting += 1
        hashing = asyncio.get_running_loop().run_in_executor(self._pool, HASHERS.ask, *self._costs, *values)
        hashing.add_done_callback(self._done)
        # who stops waiting does not stop the hashing: its place stays taken until it is done
        return await asyncio.shield(hashing)

    def _done(self, hashing: "asyncio.Future[object]") -> None:
        self._waiting -= 1
        if not hashing.cancelled():
            hashing.exception()
