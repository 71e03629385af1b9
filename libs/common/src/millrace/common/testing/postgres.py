"""Real PostgreSQL for tests: one embedded server for the whole run, a fresh database for whoever asks."""

import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from millrace.common.db.embedded import EmbeddedPostgres

_FAST = ("fsync", "full_page_writes", "synchronous_commit")  # nobody cuts the power of a test's server


class NewDatabase:
    """Makes databases on one server; `url` is the superuser's, to any of them."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __call__(self, like: str | None = None) -> str:
        """The URL of a new database: empty, or a copy of the one at `like`, which nobody may be connected to."""
        name = f"test_{uuid4().hex[:12]}"
        source = f" template {_name(like)} strategy file_copy" if like else ""
        await self._run(f"create database {name}{source}")
        return self._url.replace("/postgres?", f"/{name}?", 1)

    async def drop(self, url: str) -> None:
        """Take a database away, and whoever is connected to it."""
        await self._run(f"drop database {_name(url)} with (force)")

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def _name(url: str) -> str:
    return url.split("?")[0].rsplit("/", 1)[1]


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Callable[[str], Path]]:
    """Makes folders that a PostgreSQL server may live in.

    Not pytest's own: as root the server runs as another user, and a second test run closes pytest's folders to others.
    """
    with tempfile.TemporaryDirectory(prefix="millrace-test-", ignore_cleanup_errors=True) as root:

        def create(name: str) -> Path:
            folder = Path(root, name)
            folder.mkdir()
            return folder

        yield create


@pytest.fixture(scope="session")
async def new_database(server_folder: Callable[[str], Path]) -> AsyncIterator[NewDatabase]:
    """`await new_database()` gives the URL of an empty one. All of them vanish with the run."""
    server = EmbeddedPostgres(server_folder("postgres"))
    url = server.start()
    connection = await asyncpg.connect(url)
    for name in _FAST:
        await connection.execute(f"alter system set {name} = off")
    await connection.execute("select pg_reload_conf()")
    await connection.close()

    yield NewDatabase(url)
    postmaster = int((server.folder / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGQUIT)  # at once: nobody reads these files again
    server.stop()
