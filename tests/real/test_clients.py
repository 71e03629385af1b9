"""Strict clients of other makes walk whole documents with nothing set, and hear the streams."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from millrace.contracts.names import Contract
from tests.cli.program import Started, free_port
from tests.e2e.client import Client
from tests.e2e.walk import PASSWORD, Caller, Walk
from tests.real.browser import chromium
from tests.real.clients import Browser, Curl, Urllib

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a platform is, and an administrator's token."""

    address: str
    token: str

    async def newcomer(self, contract: Contract) -> str:
        """The name of a new user."""
        async with Client(self.address) as client:
            client.token, name = self.token, f"user-{uuid4().hex[:12]}"
            asked = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, "role": "admin"}
            status, made = await client.call("POST", "/api/v1/users", {**asked, "contract": contract})
            assert status == 201, made
        return name


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """A platform as it comes."""
    folder, port = tmp_path_factory.mktemp("clients") / "data", free_port()
    with Started("up", "--port", str(port), "--data-dir", str(folder), "-o", "json") as platform:
        link = json.loads(platform.line())["admin"]
        async with Client(f"http://127.0.0.1:{port}") as client:
            asked = {"username": "root-1", "email": "root@example.com", "password": PASSWORD}
            asked["invite_code"] = link.split("?invite=")[1]
            status, found = await client.call("POST", "/api/v1/auth/register", asked)
            assert status == 201, found
            yield Place(client.base, found["access_token"])


@pytest.fixture(scope="module")
async def browser(place: Place) -> AsyncIterator[Browser]:
    """A page there."""
    async with chromium() as page:
        found = Browser(page, place.address)
        await found.open()
        yield found


async def walk(place: Place, client: Caller, contract: Contract) -> Walk:
    """The whole document."""
    found = Walk(client, contract, "nothing", await place.newcomer(contract))
    found.patient = True
    await found.whole()
    return found


@pytest.mark.parametrize("contract", list(Contract))
async def test_curl_walks_a_document(place: Place, contract: Contract) -> None:
    await walk(place, Curl(place.address), contract)


@pytest.mark.parametrize("contract", list(Contract))
async def test_pythons_own_library_walks_a_document(place: Place, contract: Contract) -> None:
    await walk(place, Urllib(place.address), contract)


@pytest.mark.parametrize("contract", list(Contract))
async def test_a_page_in_a_browser_walks_a_document(place: Place, browser: Browser, contract: Contract) -> None:
    await walk(place, browser, contract)


async def test_curl_hears_the_events(place: Place) -> None:
    curl = Curl(place.address)
    curl.token = place.token
    told = await curl.events("/api/realtime/events", "overview_update")
    assert told[-1][1]["type"] == "overview"
    curl.token = "nonsense"
    status, refused = await curl.call("GET", "/api/realtime/events", headers={})
    assert (status, refused["error_code"]) == (401, "AUTH_INVALID")


async def test_a_page_hears_the_events_and_every_websocket(place: Place, browser: Browser) -> None:
    browser.token = place.token
    assert (await browser.events("/api/realtime/events", "overview_update"))["type"] == "overview"
    status, me = await browser.call("GET", "/api/v1/users/me", headers={})
    assert status == 200
    first, query = {"type": "auth", "token": place.token}, f"?token={place.token}"
    ping: list[Any] = [{"type": "ping"}]
    candles = {"type": "subscribe", "channel": "market_data", "symbol": "BTCUSDT", "timeframe": "1m"}
    trades = {"type": "subscribe", "stream": "market_data", "symbols": ["BTC/USD"], "exchange": "binance"}
    for path, said, kind in (
        (f"/api/ws{query}", ping, "pong"),
        (f"/ws/{me['id']}{query}", ping, "pong"),
        (f"/api/v1/ws/orders{query}", ping, "pong"),
        (f"/api/v1/ws/market/BTCUSDT{query}", [], "ticker"),
        ("/ws/v1", [first, trades], "market_data"),
        ("/ws", [first, candles], "market_data"),
    ):
        assert (await browser.messages(path, said, kind))["type"] == kind, path


async def test_the_browser_had_nothing_to_complain_about_but_refusals(browser: Browser) -> None:
    wrong = [problem for problem in browser.page.problems if "the server responded with a status of 4" not in problem]
    assert wrong == []
