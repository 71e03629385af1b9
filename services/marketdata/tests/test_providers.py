"""How the exchanges are doing, measured."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.testing.service import Stand
from millrace.marketdata.app.feeds import SourceDown
from millrace.marketdata.app.providers import FRESH, Providers
from services.marketdata.tests.conftest import Exchange

NAMES = ["luno", "binance", "kucoin", "kraken", "bybit"]


class Bench:
    """Exchanges that take as long as their turn says, by a clock of their own."""

    def __init__(self, problem: Exception | None = None, status: str = "operational") -> None:
        self.clock = ManualClock()
        self.asked: list[str] = []
        self.problem = problem
        self.providers = Providers(self.ask, lambda _: status, self.clock)

    async def ask(self, exchange: str) -> None:
        self.asked.append(exchange)
        self.clock.advance(0.010 * len(self.asked))
        if self.problem:
            raise self.problem

    async def health(self) -> dict[str, Any]:
        return {row["id"]: row for row in await self.providers.health()}


async def test_the_latency_is_the_time_that_the_answer_took() -> None:
    bench = Bench()
    found = await bench.health()
    assert list(found) == NAMES
    assert [row["api_latency_ms"] for row in found.values()] == pytest.approx([10, 20, 30, 40, 50])
    assert {row["status"] for row in found.values()} == {"operational"}
    assert found["bybit"]["last_check"] == bench.clock.now()


async def test_a_measurement_is_given_again_for_some_seconds() -> None:
    bench = Bench()
    first = await bench.health()
    assert await bench.health() == first
    assert bench.asked == NAMES
    bench.clock.advance(FRESH)
    later = await bench.health()
    assert bench.asked == NAMES * 2
    assert later["luno"]["last_check"] > first["luno"]["last_check"]


async def test_many_who_ask_at_once_cause_one_question() -> None:
    bench = Bench()
    answers = await asyncio.gather(*(bench.health() for _ in range(20)))
    assert bench.asked == NAMES
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize(
    "problem",
    [SourceDown("gone"), MillraceError(Code.UNAVAILABLE, "not yet"), TimeoutError()],
    ids=["down", "no", "late"],
)
async def test_an_exchange_that_does_not_answer_is_down_and_has_no_latency(problem: Exception) -> None:
    found = await Bench(problem).health()
    assert {(row["status"], row["api_latency_ms"]) for row in found.values()} == {("down", None)}


async def test_nobody_is_asked_whom_nobody_listens_to() -> None:
    bench = Bench(status="not_listened_to")
    assert {row["api_latency_ms"] for row in (await bench.health()).values()} == {None}
    assert bench.asked == []


async def health(stand: Stand) -> dict[str, Any]:
    found = (await stand.ask("marketdata", "GET", "/providers/health")).value()["items"]
    return {row["id"]: row for row in found}


async def test_the_simulated_exchanges_are_measured_for_real(market: Callable[..., Any]) -> None:
    stand = await market(feed="recorded", history_bars=10)
    found = await health(stand)
    assert list(found) == NAMES
    for row in found.values():
        assert row["status"] == "operational"
        assert 0 < row["api_latency_ms"] < 5_000
        assert row["last_check"].endswith("Z")
    assert len({row["api_latency_ms"] for row in found.values()}) > 1
    assert await health(stand) == found
    assert (await stand.ask("marketdata", "GET", "/providers/health", None)).status == 401


async def test_a_real_exchange_is_asked_and_the_others_are_not(market: Callable[..., Any], exchange: Exchange) -> None:
    exchange.book = {"lastUpdateId": 5, "bids": [["9", "1"]], "asks": [["10", "1"]]}
    options = {"exchange_url": exchange.address, "symbols": "BTCUSDT", "poll_seconds": 60, "book_depth": 0}
    stand = await market(feed="ccxt", history_bars=0, **options)

    async def connected() -> bool:
        return bool((await stand.ask("marketdata", "GET", "/feed")).value()["connected"])

    await stand.host.until(connected, 60)
    asked = len([path for path in exchange.asked if "depth" in path])
    found = await health(stand)
    assert found["binance"]["status"] == "operational"
    assert found["binance"]["api_latency_ms"] > 0
    assert len([path for path in exchange.asked if "depth" in path]) == asked + 1
    assert {found[name]["status"] for name in NAMES if name != "binance"} == {"not_listened_to"}


async def test_a_real_exchange_that_fails_is_down(market: Callable[..., Any], exchange: Exchange) -> None:
    options = {"exchange_url": exchange.address, "symbols": "BTCUSDT", "poll_seconds": 60, "book_depth": 0}
    stand = await market(feed="ccxt", history_bars=0, **options)

    async def connected() -> bool:
        return bool((await stand.ask("marketdata", "GET", "/feed")).value()["connected"])

    await stand.host.until(connected, 60)
    exchange.faults += [lambda: web.Response(status=503)] * 3
    found = await health(stand)
    assert (found["binance"]["status"], found["binance"]["api_latency_ms"]) == ("down", None)
