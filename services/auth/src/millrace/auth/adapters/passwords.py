"""Password hashing with argon2id, in two threads with a short queue, so that a flood of logins slows only logins."""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from millrace.auth.config import AuthSettings
from millrace.auth.domain.rules import normal
from millrace.common.kernel.errors import Code, MillraceError

_NICE = 5


class Passwords:
    """Hashes and checks. `verify` with no hash takes as long as with one."""

    def __init__(self, settings: AuthSettings) -> None:
        hasher = Argon2Hasher(memory_cost=settings.argon2_memory, time_cost=settings.argon2_time, parallelism=1)
        self._hash = PasswordHash((hasher,))
        self._pool = ThreadPoolExecutor(2, "argon2", initializer=_give_way)
        self._limit = settings.hash_queue
        self._waiting = 0
        self._decoy = self._pool.submit(self._hash.hash, "a password that nobody has")

    def demand(self) -> None:
        """Raises UNAVAILABLE when too many wait."""
        if self._waiting >= self._limit:
            raise MillraceError(Code.UNAVAILABLE, "too many logins at once; try again", retry_after=2)

    async def hash(self, password: str) -> str:
        """The hash to store."""
        return str(await self._run(self._hash.hash, normal(password)))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the password belongs to the stored hash."""
        good = await self._run(self._check, normal(password), stored)
        return bool(good) and stored is not None

    def _check(self, password: str, stored: str | None) -> bool:
        return self._hash.verify(password, stored or self._decoy.result())

    async def close(self) -> None:
        """End the threads; what still waits is given up."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, function: Callable[..., object], *values: str | None) -> object:
        self.demand()
        self._waiting += 1
        hashing = asyncio.get_running_loop().run_in_executor(self._pool, function, *values)
        hashing.add_done_callback(self._done)
        # who stops waiting does not stop the thread: its place stays taken until it is done
        return await asyncio.shield(hashing)

    def _done(self, hashing: "asyncio.Future[object]") -> None:
        self._waiting -= 1
        if not hashing.cancelled():
            hashing.exception()


def _give_way() -> None:
    """Everybody else goes before this thread, where threads have priorities of their own: on Linux."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
