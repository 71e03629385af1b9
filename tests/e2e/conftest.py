"""A whole platform on a free port, as a user meets it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from millrace.common.runtime.platform import Platform
from millrace.common.runtime.settings import Settings
from millrace.common.telemetry import logs
from tests.e2e import callers
from tests.e2e.client import Client


@pytest.fixture(scope="session")
async def platform(server_folder: Callable[[str], Path]) -> AsyncIterator[Platform]:
    """The embedded platform, playing the recorded market fast."""
    logs.configure("warning")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MILLRACE_GATEWAY_RATES", "0")  # what callers may send has tests of its own
        running = Platform(Settings(data_dir=server_folder("platform"), port=0))
        await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def client(platform: Platform) -> AsyncIterator[Client]:
    """A freshly registered user."""
    async with Client(f"http://127.0.0.1:{platform.port}") as found:
        await found.register()
        yield found


@pytest.fixture(scope="session")
async def everybody(platform: Platform) -> dict[str, str]:
    """The credential of each of `callers.CALLERS`."""
    async with Client(f"http://127.0.0.1:{platform.port}") as client:
        await client.register()
        return await callers.credentials(platform, client)
