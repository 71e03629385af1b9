"""Real PostgreSQL for tests: one embedded server for the whole run, a fresh database for whoever asks."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import asyncpg
import pytest

from millrace.common.db.embedded import EmbeddedPostgres

NewDatabase = Callable[[], Awaitable[str]]


@pytest.fixture(scope="session")
async def new_database(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NewDatabase]:
    """Creates an empty database and returns its superuser's URL. All of them vanish with the run."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"))
    url = server.start()

    async def create() -> str:
        name = f"test_{uuid4().hex[:12]}"
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(f"create database {name}")
        finally:
            await connection.close()
        return url.replace("/postgres?", f"/{name}?", 1)

    yield create
    server.stop()
