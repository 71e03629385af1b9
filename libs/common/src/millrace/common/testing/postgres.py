"""Real PostgreSQL for tests: one embedded server for the whole run, a fresh database for whoever asks."""

import os
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from millrace.common.db.embedded import EmbeddedPostgres

NewDatabase = Callable[[], Awaitable[str]]

_FAST = ("fsync", "full_page_writes", "synchronous_commit")  # nobody cuts the power of a test's server


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
    """Creates an empty database and returns its superuser's URL. All of them vanish with the run."""
    server = EmbeddedPostgres(server_folder("postgres"))
    url = server.start()
    connection = await asyncpg.connect(url)
    for name in _FAST:
        await connection.execute(f"alter system set {name} = off")
    await connection.execute("select pg_reload_conf()")
    await connection.close()

    async def create() -> str:
        name = f"test_{uuid4().hex[:12]}"
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(f"create database {name}")
        finally:
            await connection.close()
        return url.replace("/postgres?", f"/{name}?", 1)

    yield create
    postmaster = int((server.folder / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGQUIT)  # at once: nobody reads these files again
    server.stop()
