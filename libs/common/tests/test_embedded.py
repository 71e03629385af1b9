"""The embedded server starts once on a new folder, already with our settings, and keeps them."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import asyncpg

from millrace.common.db.embedded import EmbeddedPostgres


async def shown(url: str, *names: str) -> list[str]:
    """Settings as the server has them."""
    connection = await asyncpg.connect(url)
    try:
        return [await connection.fetchval(f"show {name}") for name in names]
    finally:
        await connection.close()


async def test_a_new_folder_has_our_settings_from_its_first_start_on(server_folder: Callable[[str], Path]) -> None:
    folder = server_folder("alone")
    for _ in range(2):
        server = EmbeddedPostgres(folder)
        url = await asyncio.to_thread(server.start)
        try:
            assert await shown(url, "max_connections", "timezone", "checkpoint_timeout") == ["200", "UTC", "15min"]
        finally:
            await asyncio.to_thread(server.stop)
    assert (folder / "log").read_text().count("ready to accept connections") == 2
