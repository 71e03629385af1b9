"""The desk that the tests of this service work at."""

import pytest

from millrace.common.testing.service import StartService
from services.execution.tests.desk import Desk, user_of


@pytest.fixture
async def desk(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A user with 10,000 USDT, BTC at 20,000 and ETH at 2,000."""
    monkeypatch.setenv("MILLRACE_EXECUTION_DECISION_WAIT_SECONDS", "0")
    stand = await start_service("execution")
    found = Desk(stand, *await user_of(stand))
    found.price("20000")
    found.price("2000", "ETH/USDT")
    return found
