"""What clients of every contract have made outlives the platform: it is stopped, it is killed, and nothing is lost."""

import asyncio
import json
import re
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from millrace.contracts.names import Contract
from tests.cli.program import PATIENCE, Started, free_port
from tests.contracts.forms import CASES
from tests.contracts.steps import STEPS, Step
from tests.e2e.client import Client
from tests.e2e.walk import PASSWORD, Walk

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
ENDS = re.compile(r"(delete|clear|logout|sessions\.terminate)$")
"""Steps that take away what the walk has made."""
MOVES = {
    *("health", "health.root", "health.api", "metrics", "monitoring.metrics", "monitoring.alerts"),
    *(
        "webhook.tradingview.test",
        "system.ping",
        "system.status",
        "system.platforms",
        "platforms.health",
        "providers.list",
    ),
    *("cache.health", "cache.stats", "jobs.health", "jobs.stats", "admin.users", "admin.bots"),
    *("market.ticker", "market.klines", "market-data.current", "market-data.history", "market-data.ohlcv"),
    *("market-data.orderbook", "market-data.symbols", "ml.models", "ml.predictions"),
    *("portfolio.balance", "portfolio.performance", "wallet.balances", "metrics.overview"),
    *("accounts.get", "accounts.performance", "bots.accounts"),
    *(
        "groups.list",
        "groups.get",
        "groups.performance",
        "groups.metrics",
        "groups.history",
        "auth.sessions",
        "auth.permissions",
    ),
}
"""Answers that go with the market, the clock, or what others do."""
NAMED = {"accounts.list", "groups.list", "trading.positions"}
"""Answers that tell how things stand: here it counts that they are there."""
KEPT = ("bot", "strategy", "backtest", "account", "group")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MEASURED = {"current_value", "utilization"}


class Journey:
    """One user of a contract, and what they can list."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk

    async def go(self) -> None:
        """The whole way, but keep what was made."""
        for step in STEPS[self.walk.contract]:
            if not ENDS.search(step.case):
                await self.walk.take(step)

    async def listed(self) -> dict[str, Any]:
        """Everything that is told of what was made."""
        found = {}
        for n, step in enumerate(STEPS[self.walk.contract]):
            if self._tells(step):
                status, body = await self.walk.ask(step)
                assert status == 200, f"{self.walk.contract} {step.case}: {status} {body}"
                told = sorted(set(_ID.findall(str(body)))) if step.case in NAMED else unmoved(body)
                found[f"{step.case} {n}"] = told
        made = [str(self.walk.known[name]) for name in KEPT if name in self.walk.known]
        assert not [each for each in made if each not in str(found)], found
        return found

    def _tells(self, step: Step) -> bool:
        method = next(case["method"] for case in CASES[self.walk.contract] if case["id"] == step.case)
        return method == "GET" and step.case not in MOVES


def unmoved(body: Any) -> Any:
    """A body without what limits are measured against: it goes with the market."""
    if isinstance(body, dict):
        return {name: unmoved(each) for name, each in body.items() if name not in MEASURED}
    return [unmoved(each) for each in body] if isinstance(body, list) else body


async def administrator(address: str, link: str) -> str:
    """The token of the first one."""
    async with Client(address) as client:
        asked = {"username": "root-1", "email": "root@example.com", "password": PASSWORD}
        asked["invite_code"] = link.split("?invite=")[1]
        status, found = await client.call("POST", "/api/v1/auth/register", asked)
        assert status == 201, found
        return str(found["access_token"])


async def journeys(stack: AsyncExitStack, address: str, token: str) -> list[Journey]:
    """A new user of each contract."""
    found = []
    for contract in Contract:
        client = await stack.enter_async_context(Client(address))
        client.token, name = token, f"user-{uuid4().hex[:12]}"
        asked = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, "role": "admin"}
        status, made = await client.call("POST", "/api/v1/users", asked)
        assert status == 201, made
        found.append(Journey(Walk(client, contract, "prefix", name)))
    return found


async def at_rest(journey: Journey) -> dict[str, Any]:
    """What is listed, once nothing moves any more."""
    before, end = await journey.listed(), time.monotonic() + 60 * PATIENCE
    while (found := await journey.listed()) != before:
        moving = [name for name in found if found[name] != before[name]]
        assert time.monotonic() < end, f"{journey.walk.contract}: {moving} do not come to rest"
        before = found
        await asyncio.sleep(0.2)
    return found


async def test_nothing_is_lost_when_the_platform_stops_or_is_killed(tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = ["up", "--port", str(port), "--data-dir", str(tmp_path / "data"), "-o", "json"]
    made: list[tuple[Journey, dict[str, Any]]] = []
    token = ""
    async with AsyncExitStack() as stack:
        for ending in (signal.SIGTERM, signal.SIGKILL, None):
            with Started(*command, MILLRACE_GATEWAY_RATES="0") as platform:
                told = json.loads(platform.line())
                token = token or await administrator(address, told["admin"])
                for journey, before in made:
                    assert await journey.listed() == before, journey.walk.contract
                again = await journeys(stack, address, token)
                await asyncio.gather(*(journey.go() for journey in again))
                made += [(journey, await at_rest(journey)) for journey in again]
                if ending is not None:
                    platform.stop(ending)
    assert sum(len(before) for _, before in made) >= 3 * 20
