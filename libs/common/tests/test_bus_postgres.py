"""The embedded bus against a real PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from millrace.common.bus.postgres import PostgresBus
from millrace.common.db import migrate
from millrace.common.events.envelope import Headers
from millrace.common.testing.bus_conformance import BusConformance
from millrace.common.testing.postgres import NewDatabase
from millrace.common.testing.severed import Severable


class Log:
    """A log in a database of its own, and the way to it."""

    features = PostgresBus.features

    def __init__(self, way: Severable) -> None:
        self._way = way

    def bus(self) -> PostgresBus:
        return PostgresBus(self._way.url)

    async def put_raw(self, topic: str, key: bytes, headers: Headers, body: bytes) -> None:
        raise NotImplementedError

    async def away(self) -> None:
        await self._way.sever()

    async def back(self) -> None:
        await self._way.join()


@pytest.fixture(scope="module")
async def log_url(new_database: NewDatabase) -> str:
    """A database with the bus and nothing else."""
    url = await new_database()
    await migrate.upgrade(url, {})
    return url


@pytest.fixture
async def grounds(log_url: str, tmp_path: Path) -> AsyncIterator[Log]:
    way = Severable(log_url, tmp_path)
    await way.join()
    yield Log(way)
    await way.sever()
    connection = await asyncpg.connect(log_url)
    try:
        await connection.execute("truncate bus.log, bus.ends, bus.readers")
    finally:
        await connection.close()


class TestPostgresBus(BusConformance):
    pass
