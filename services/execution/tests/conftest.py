"""The desk and the floor that the tests of this service work at."""

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestServer

from millrace.common.testing.service import StartService
from services.execution.tests.desk import Desk, user_of
from services.execution.tests.floor import Floor, floor_on
from services.execution.tests.luno import Luno


@pytest.fixture
async def desk(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A user with 10,000 USDT, BTC at 20,000 and ETH at 2,000."""
    monkeypatch.setenv("MILLRACE_EXECUTION_DECISION_WAIT_SECONDS", "0")
    stand = await start_service("execution")
    found = Desk(stand, *await user_of(stand))
    found.price("20000")
    found.price("2000", "ETH/USDT")
    return found


@pytest.fixture(autouse=True)
def one_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """New users have one paper account, where a test does not want a second."""
    monkeypatch.setenv("MILLRACE_EXECUTION_SECOND_EXCHANGE", "")


@pytest.fixture
async def luno() -> AsyncIterator[Luno]:
    """A local Luno."""
    found = Luno()
    server = TestServer(found.app())
    await server.start_server()
    found.address = str(server.make_url("")).rstrip("/")
    yield found
    await server.close()


@pytest.fixture
async def floor(start_service: StartService, luno: Luno, monkeypatch: pytest.MonkeyPatch) -> Floor:
    """Execution, risk, portfolio and bots; Luno's API is the local one."""
    monkeypatch.setenv("MILLRACE_EXECUTION_SECOND_EXCHANGE", "luno")
    monkeypatch.setenv("MILLRACE_EXECUTION_EXCHANGE_URLS", f'{{"luno": "{luno.address}"}}')
    return await floor_on(await start_service("execution", "risk", "portfolio", "bots"))
