"""A service's own schema, reached by its own roles.

Each schema has two roles that own nothing: `<schema>_worker` sees every tenant (consumers, jobs) and `<schema>_user`
sees the rows of one tenant only, by row-level security and the setting `millrace.tenant`.
"""

import asyncio
import socket
from contextlib import AbstractAsyncContextManager, suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]
    _Plain = asyncpg.Connection[asyncpg.Record]
else:
    Connection = Any
    _Plain = asyncpg.Connection

CONNECTION_ERRORS: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.TooManyConnectionsError,
    ConnectionError,
    TimeoutError,
    socket.gaierror,
)
RETRYABLE: tuple[type[Exception], ...] = (
    *CONNECTION_ERRORS,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.InvalidCachedStatementError,
    OSError,
)

CLOSE_SECONDS = 5.0


class PlainConnection(_Plain):
    """Nothing is ever set beyond a transaction here, so giving a connection back needs no round trip."""

    def get_reset_query(self) -> str:
        return ""


class _Transaction:
    """A transaction on a connection of the pool, begun in one round trip with what holds it to a user.

    asyncpg's own takes two for that, and a task to wait for a connection.
    """

    __slots__ = ("_begin", "_connection", "_pool", "_timeout")

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", begin: str, timeout: float) -> None:
        self._pool = pool
        self._begin = begin
        self._timeout = timeout
        self._connection: Any

    async def __aenter__(self) -> Connection:
        async with asyncio.timeout(self._timeout):
            self._connection = connection = await self._pool.acquire()
        await self._say(self._begin)
        return connection

    async def __aexit__(self, kind: type[BaseException] | None, error: object, at: object) -> None:
        try:
            await self._say("commit" if kind is None else "rollback")
        except CONNECTION_ERRORS:
            if kind is None:
                raise
            return  # the transaction ended with its connection; why, is under way already
        # what `release` does, without a task of its own: after the end of a transaction there is nothing to wait for
        self._connection._con._on_release()
        await self._connection._holder.release(None)

    async def _say(self, statement: str) -> None:
        try:
            await self._connection.execute(statement)
        except BaseException as problem:
            if not isinstance(problem, asyncpg.PostgresError):
                with suppress(asyncpg.InterfaceError):  # it may be given up already
                    self._connection.terminate()  # nobody knows how far it came
            await self._pool.release(self._connection)
            raise


class Database:
    """A pool of connections to one schema, as its worker role."""

    def __init__(self, url: str, schema: str, *, size: int = 6, timeout: float = 10.0) -> None:
        self.url = url
        self.schema = schema
        self._size = size
        self._timeout = timeout
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        """The open pool."""
        if self._pool is None:
            raise RuntimeError(f"the database of {self.schema} is not open")
        return self._pool

    async def open(self) -> None:
        """Connect. Raises asyncpg's own error when the server cannot be reached."""
        self._pool = await asyncpg.create_pool(
            self.url,
            min_size=1,
            max_size=self._size,
            command_timeout=self._timeout,
            connection_class=PlainConnection,
            server_settings={
                "search_path": self.schema,
                "role": f"{self.schema}_worker",
                "application_name": f"millrace-{self.schema}",
                "timezone": "UTC",
                "jit": "off",
                # a process that is frozen in the middle of a transaction must not keep its locks from its successor
                "idle_in_transaction_session_timeout": "12s",
            },
        )

    async def close(self) -> None:
        """Give back all connections, as `close_pool` does."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await close_pool(pool)

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        """A transaction that sees every tenant."""
        return _Transaction(self.pool, "begin", self._timeout)

    def as_user(self, user_id: UUID) -> AbstractAsyncContextManager[Connection]:
        """A transaction that sees the rows of one user, whatever its queries forget to say."""
        tenant = UUID.__str__(user_id)  # of a UUID, or of nothing: it becomes part of a statement
        begin = f"begin; set local role \"{self.schema}_user\"; set local millrace.tenant = '{tenant}'"
        return _Transaction(self.pool, begin, self._timeout)

    async def fetch(self, query: str, *values: Any) -> list[asyncpg.Record]:
        """One query on its own, seeing every tenant."""
        return await self.pool.fetch(query, *values)

    async def ping(self) -> None:
        """Raise unless the server answers."""
        await self.pool.fetchval("select 1")


async def close_pool(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    """Give back all connections of a pool; those still busy after five seconds are cut."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await pool.close()
    except TimeoutError:
        pool.terminate()
