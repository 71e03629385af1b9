"""Who is there, what was read of it, and which of that was worth an alert."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from millrace.common.db.database import Database
from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.gateway.app.survey import Survey, Watch

NAMES = ["auth", "bots", "risk"]
GONE = MillraceError(Code.UNAVAILABLE, "away")


class Neighbours:
    """Services that answer, take their time or are away."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.away: set[str] = set()
        self.slow: dict[str, float] = {}
        self.asked: list[str] = []
        self.switches: list[dict[str, str]] = []

    async def kill(self, service: str, method: str, path: str, user: Any = None, **options: Any) -> Any:
        """The kill switches that stop somebody, as risk tells them."""
        assert (service, method, path) == ("risk", "GET", "/kill")
        if "risk" in self.away:
            raise GONE
        return {"items": self.switches}

    def __call__(self, name: str) -> Any:
        neighbours = self

        class Client:
            """One of them."""

            async def request(self, method: str, path: str, *, deadline: float) -> None:
                assert (method, path, deadline) == ("GET", "/health", 1.0)
                neighbours.asked.append(name)
                if name in neighbours.away:
                    raise GONE
                neighbours.clock.advance(neighbours.slow.get(name, 0.0))

        return Client()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def neighbours(clock: ManualClock) -> Neighbours:
    return Neighbours(clock)


@pytest.fixture
def survey(neighbours: Neighbours, clock: ManualClock) -> Survey:
    return Survey(NAMES, neighbours, clock)


@pytest.fixture
async def watch(
    migrated: Callable[[tuple[str, ...]], Awaitable[str]], survey: Survey, neighbours: Neighbours, clock: ManualClock
) -> AsyncIterator[Watch]:
    database = Database(await migrated(("gateway",)), "gateway")
    await database.open()
    yield Watch(survey, database, clock, lambda: neighbours.kill)
    await database.close()


async def active(watch: Watch, only: bool | None = True, *severities: str) -> list[tuple[str, bool]]:
    """The alerts, as component and whether it is still so."""
    found, _ = await watch.alerts(only, list(severities), 50, 0)
    return [(alert.component, alert.is_active) for alert in found]


async def test_everybody_is_asked_and_whoever_answers_is_there(survey: Survey, neighbours: Neighbours) -> None:
    neighbours.away.add("bots")
    found = await survey.services()
    assert {name: service.there for name, service in found.items()} == {"auth": True, "bots": False, "risk": True}
    assert found["bots"].latency_ms == 1000
    assert sorted(neighbours.asked) == NAMES


async def test_the_time_until_an_answer_is_measured(survey: Survey, neighbours: Neighbours) -> None:
    neighbours.slow["bots"] = 0.25
    assert (await survey.services())["bots"].latency_ms == pytest.approx(250)


async def test_nobody_is_asked_twice_in_a_second(survey: Survey, neighbours: Neighbours, clock: ManualClock) -> None:
    await asyncio.gather(*(survey.services() for _ in range(20)))
    assert len(neighbours.asked) == 3
    clock.advance(0.9)
    await survey.services()
    assert len(neighbours.asked) == 3
    clock.advance(0.2)
    await survey.services()
    assert len(neighbours.asked) == 6


async def test_an_alert_is_raised_once_and_resolved_when_the_service_is_back(
    watch: Watch, neighbours: Neighbours, clock: ManualClock
) -> None:
    neighbours.away.add("bots")
    for _ in range(3):
        await watch.look()
        clock.advance(15)
    found, total = await watch.alerts(None, [], 50, 0)
    assert (total, len(found)) == (1, 1)
    alert = found[0]
    assert (alert.component, alert.severity, alert.is_active, alert.resolved_at) == ("bots", "critical", True, None)
    assert alert.triggered_at == clock.now() - timedelta(seconds=45)
    assert "bots" in alert.message
    neighbours.away.clear()
    await watch.look()
    found, _ = await watch.alerts(None, [], 50, 0)
    assert [(one.id, one.is_active, one.resolved_at) for one in found] == [(alert.id, False, clock.now())]


async def test_a_service_that_goes_again_is_another_alert(
    watch: Watch, neighbours: Neighbours, clock: ManualClock
) -> None:
    for away in ({"bots"}, set(), {"bots"}):
        neighbours.away = away
        await watch.look()
        clock.advance(15)
    assert await active(watch, None) == [("bots", True), ("bots", False)]


async def test_a_stop_for_everybody_is_an_alert_until_it_is_taken_back(
    watch: Watch, neighbours: Neighbours, clock: ManualClock
) -> None:
    neighbours.switches = [{"scope": "user", "reason": "mine"}]
    await watch.look()
    assert await active(watch, None) == []
    neighbours.switches.append({"scope": "global", "reason": "too hot"})
    for _ in range(2):
        await watch.look()
    ((alert,), total) = await watch.alerts(True, ["critical"], 50, 0)
    assert (alert.component, total) == ("trading", 1)
    assert alert.message == "trading is stopped for everybody: too hot"
    neighbours.away = {"risk"}
    neighbours.switches.clear()
    clock.advance(15)
    await watch.look()
    assert ("trading", True) in await active(watch), "who cannot be asked has not said that it is over"
    neighbours.away = set()
    clock.advance(15)
    await watch.look()
    assert ("trading", False) in await active(watch, False)


async def test_each_service_has_its_own(watch: Watch, neighbours: Neighbours, clock: ManualClock) -> None:
    neighbours.away = {"bots", "risk"}
    await watch.look()
    clock.advance(15)
    neighbours.away = {"risk"}
    await watch.look()
    assert await active(watch) == [("risk", True)]
    assert await active(watch, False) == [("bots", False)]
    assert len(await active(watch, None)) == 2


async def test_alerts_are_chosen_by_severity_and_paged(
    watch: Watch, neighbours: Neighbours, clock: ManualClock
) -> None:
    for name in NAMES:
        neighbours.away.add(name)
        await watch.look()
        clock.advance(15)
    assert await active(watch, None, "low", "medium") == []
    assert [name for name, _ in await active(watch, None, "critical")] == ["risk", "bots", "auth"]
    page, total = await watch.alerts(None, [], 1, 1)
    assert ([alert.component for alert in page], total) == (["bots"], 3)
    assert await watch.alerts(None, [], 10, 99) == ([], 0)


async def test_old_alerts_are_forgotten_and_living_ones_never(
    watch: Watch, neighbours: Neighbours, clock: ManualClock
) -> None:
    neighbours.away = {"bots", "risk"}
    await watch.look()
    neighbours.away = {"risk"}
    clock.advance(15)
    await watch.look()
    clock.advance(31 * 24 * 3600)
    await watch.look()
    assert await active(watch, None) == [("risk", True)]


async def test_readings_are_the_newest_unless_times_are_given(
    watch: Watch, neighbours: Neighbours, clock: ManualClock
) -> None:
    begun = clock.now()
    for away in (set(), {"bots"}, set()):
        neighbours.away = away
        await watch.look()
        clock.advance(15)
    newest = await watch.readings("bots", "up", None, None)
    assert [(reading.value, reading.at) for reading in newest] == [(Decimal(1), begun + timedelta(seconds=30))]
    everything = await watch.readings("bots", "up", begun, clock.now())
    assert [reading.value for reading in everything] == [1, 0, 1]
    middle = await watch.readings("bots", "up", begun + timedelta(seconds=15), begun + timedelta(seconds=30))
    assert [reading.value for reading in middle] == [0], "the end is not in it"
    assert len(await watch.readings("bots", "up", begun + timedelta(seconds=15), None)) == 2
    assert len(await watch.readings("bots", "up", None, begun + timedelta(seconds=15))) == 1


async def test_readings_are_chosen_by_component_and_by_name(watch: Watch) -> None:
    every = await watch.readings(None, None, None, None)
    assert {reading.component for reading in every} == {*NAMES, "gateway"}
    assert {reading.name for reading in every} == {"up", "latency_ms", "requests_total", "requests_in_flight"}
    assert {r.name for r in await watch.readings("auth", None, None, None)} == {"up", "latency_ms"}
    assert {r.component for r in await watch.readings(None, "up", None, None)} == set(NAMES)
    assert await watch.readings("nobody", None, None, None) == []
    assert await watch.readings("auth", "requests_total", None, None) == []


async def test_whoever_asks_first_gets_readings_that_were_just_taken(watch: Watch, neighbours: Neighbours) -> None:
    assert neighbours.asked == []
    found = await watch.readings("auth", "up", None, None)
    assert [reading.value for reading in found] == [1]
    assert sorted(neighbours.asked) == NAMES


async def test_only_the_newest_readings_are_kept(
    watch: Watch, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("millrace.gateway.app.survey._KEPT", 10)
    begun = clock.now()
    for _ in range(15):
        await watch.look()
        clock.advance(15)
    kept = await watch.readings("auth", "up", begun, None)
    assert len(kept) == 10
    assert kept[0].at == begun + timedelta(seconds=75)


async def test_two_gateways_raise_one_alert(watch: Watch, survey: Survey, neighbours: Neighbours) -> None:
    neighbours.away = {"auth"}
    other = Watch(survey, watch._database, neighbours.clock, lambda: neighbours.kill)
    await asyncio.gather(watch.look(), other.look())
    assert await active(watch, None) == [("auth", True)]
    assert await active(other, None) == [("auth", True)]


async def test_it_goes_on_when_the_database_was_away(
    watch: Watch, neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("millrace.gateway.app.survey._EVERY_SECONDS", 0.0)
    looks = 0
    seen = asyncio.Event()

    async def look() -> None:
        nonlocal looks
        looks += 1
        if looks < 3:
            raise ConnectionRefusedError("the database is away")
        seen.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(watch, "look", look)
    running = asyncio.create_task(watch.run())
    async with asyncio.timeout(10):
        await seen.wait()
    running.cancel()
    await asyncio.wait([running])
    assert (looks, running.cancelled()) == (3, True)
