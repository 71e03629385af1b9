"""The platform itself: health, mode, exchanges, readings and alerts."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical import research, risk, system
from millrace.contracts.canonical.frame import Nothing
from millrace.contracts.canonical.system import Metric
from millrace.gateway.app.operations import HANDLERS
from millrace.gateway.app.operations import system as handlers
from millrace.gateway.app.survey import Found
from services.gateway.tests import rows
from services.gateway.tests.fakes import AT, INTENT, NOW, ONE, TRADER, TWO, Services, asking

HERE, AWAY = Found(True, 3.0), Found(False, 1000.0)


class Platform:
    """What the operations look at: who is there, the database, readings, alerts, cache and jobs."""

    def __init__(self, **found: Found) -> None:
        self.found = {"notifier": HERE, "bots": HERE, **found}
        self.stored: Any = [{"?column?": 1}]
        self.asked: list[Any] = []

    async def services(self) -> dict[str, Found]:
        return self.found

    async def fetch(self, query: str) -> Any:
        if isinstance(self.stored, Exception):
            raise self.stored
        if self.stored is None:
            await asyncio.Event().wait()
        return self.stored

    async def readings(self, *chosen: Any) -> list[Metric]:
        self.asked.append(chosen)
        return [Metric(component="bots", name="up", value=Decimal(1), at=NOW)]

    async def alerts(self, *chosen: Any) -> tuple[list[risk.SystemAlert], int]:
        self.asked.append(chosen)
        alert = risk.SystemAlert(id=UUID(ONE), component="bots", severity="critical", message="away", triggered_at=NOW)
        return [alert], 7

    async def read(self, *user: Any) -> Any:
        self.asked.append(user)
        if user:
            return research.Jobs(running=True, pending=3)
        return research.Cache(connected=True, version="built-in")

    async def delete(self, pattern: str) -> int:
        self.asked.append(pattern)
        return 5

    async def create(self, *wish: Any) -> research.Job:
        self.asked.append(wish)
        return research.Job(id=UUID(ONE), name=wish[1].name, created_at=NOW)

    def handlers(self) -> Any:
        """The operations over all this."""
        parts: Any = dict.fromkeys(("survey", "watch", "cache", "labour", "database"), self)
        begun = NOW - timedelta(hours=1)
        return handlers.System(**parts, environment="staging", started_at=begun).handlers()

    async def do(self, operation: str, wish: Any, services: Services | None = None, **changes: Any) -> Any:
        return await self.handlers()[operation](asking(services or Services(), **changes), wish)


@pytest.mark.parametrize(
    ("found", "stored", "status"),
    [
        ({}, True, "ok"),
        ({"bots": AWAY}, True, "degraded"),
        ({}, ConnectionRefusedError("away"), "down"),
        ({"bots": AWAY}, ConnectionRefusedError("away"), "down"),
    ],
)
async def test_health_is_one_word_and_who_is_away(found: Any, stored: Any, status: str) -> None:
    platform = Platform(**found)
    platform.stored = stored if isinstance(stored, Exception) else platform.stored
    told = await platform.do("system.health", Nothing(), user=None)
    assert (told.status, told.database_connected) == (status, stored is True)
    assert told.references == {"notifier": "ok", "bots": "away" if found else "ok"}
    assert (told.environment, told.uptime, told.at) == ("staging", 3600.0, NOW)
    assert told.version


async def test_a_database_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "_DATABASE_SECONDS", 0.05)
    platform = Platform()
    platform.stored = None
    async with asyncio.timeout(5):
        told = await platform.do("system.health", Nothing(), user=None)
    assert (told.status, told.database_connected) == ("down", False)


@pytest.mark.parametrize(
    ("found", "streams", "api"),
    [
        ({}, "active", "operational"),
        ({"notifier": AWAY}, "inactive", "degraded"),
        ({"bots": AWAY}, "active", "degraded"),
    ],
)
async def test_the_status_counts_the_callers_bots(found: Any, streams: str, api: str) -> None:
    services = Services({"bots GET /bots": rows.bots_counted(2, 3)})
    told = await Platform(**found).do("system.status", Nothing(), services)
    assert (told.websocket, told.sse, told.api, told.database) == (streams, streams, api, "connected")
    assert (told.bots_active, told.bots_total) == (2, 3)
    assert services.last["user"] == TRADER


async def test_a_status_without_a_database_says_so() -> None:
    platform = Platform()
    platform.stored = ConnectionRefusedError("away")
    told = await platform.do("system.status", Nothing(), Services({"bots GET /bots": rows.page()}))
    assert told.database == "disconnected"


async def test_readings_come_with_what_is_cut_off_and_the_rates() -> None:
    platform = Platform(risk=AWAY)
    wish = system.AskMetrics(component="bots", name="up", start=NOW, end=NOW)
    told = await platform.do("system.metrics", wish)
    assert platform.asked == [("bots", "up", NOW, NOW)]
    assert told.circuit_breakers == {"notifier": "closed", "bots": "closed", "risk": "open"}
    assert told.rate_limits["crypto"]["trading_per_minute"] == 50
    assert told.rate_limits["botplatform"] == {"per_minute": 100, "per_second": 10}
    assert [reading.component for reading in told.items] == ["bots"]


async def test_a_stretch_that_ends_before_it_begins_is_refused() -> None:
    platform = Platform()
    with pytest.raises(MillraceError) as refused:
        await platform.do("system.metrics", system.AskMetrics(start=NOW, end=NOW - timedelta(seconds=1)))
    assert (refused.value.code, platform.asked) == (Code.INVALID_DATE_RANGE, [])


def near(at: timedelta, **changes: Any) -> dict[str, Any]:
    """A risk alert, so long after the platform's own."""
    given = {"id": TWO, "level": "medium", "message": "loss is near its limit", "triggered_at": (NOW + at).isoformat()}
    return {**given, **changes}


async def test_alerts_are_the_platforms_and_the_callers_own_newest_first() -> None:
    later, before = near(timedelta(seconds=1)), near(timedelta(seconds=-1), level="critical")
    services = Services({"risk GET /alerts": rows.page(later, before)})
    wish = risk.ListAlerts(is_active=True)
    told = await Platform().do("system.alerts", wish, services)
    assert [(each.component, each.severity, each.is_active) for each in told.items] == [
        ("risk", "medium", True),
        ("bots", "critical", True),
        ("risk", "critical", True),
    ]
    assert (told.items[0].message, told.items[0].resolved_at, told.total) == ("loss is near its limit", None, 9)
    assert services.last["user"] == TRADER, "risk tells nobody of another's"


async def test_alerts_are_chosen_and_paged() -> None:
    platform, services = Platform(), Services({"risk GET /alerts": rows.page(near(timedelta(seconds=1)))})
    wish = risk.ListAlerts(is_active=False, severities=("high",), limit=5, offset=1)
    told = await platform.do("system.alerts", wish, services)
    assert platform.asked == [(False, ["high"], 6, 0)]
    assert services.last["query"] == {"active": "false", "level": ["high"], "limit": 6, "offset": 0}
    assert (told.total, told.limit, told.offset, [each.component for each in told.items]) == (8, 5, 1, ["bots"])


async def test_without_a_choice_alerts_of_both_states_are_told() -> None:
    services = Services({"risk GET /alerts": rows.page(near(timedelta(seconds=1)))})
    told = await Platform().do("system.alerts", risk.ListAlerts(), services)
    assert [each.is_active for each in told.items if each.component == "risk"] == [True, False]


@pytest.mark.parametrize(("code", "shown"), [(Code.UNAVAILABLE, ["bots"]), (Code.PERMISSION_DENIED, None)])
async def test_the_platforms_alerts_are_told_while_risk_is_away(code: Code, shown: list[str] | None) -> None:
    services = Services({"risk GET /alerts": MillraceError(code, "away")})
    asked = Platform().do("system.alerts", risk.ListAlerts(is_active=True), services)
    if shown is None:
        with pytest.raises(MillraceError, match="away"):
            await asked
    else:
        assert [each.component for each in (await asked).items] == shown


async def test_the_cache_is_read_and_forgotten_in_part() -> None:
    platform = Platform()
    assert (await platform.do("cache.read", Nothing())).version == "built-in"
    told = await platform.do("cache.delete", research.DeleteKeys(pattern="rate:*"))
    assert (told.pattern, told.count, platform.asked) == ("rate:*", 5, [(), "rate:*"])


async def test_jobs_are_read_and_taken_for_the_caller() -> None:
    platform = Platform()
    assert (await platform.do("jobs.read", Nothing())).pending == 3
    wish = research.CreateJob(name="sync_portfolio")
    assert (await platform.do("jobs.create", wish, intent=INTENT)).id == UUID(ONE)
    assert platform.asked == [(TRADER,), (TRADER, wish, INTENT)]
    for operation, asked in (("jobs.read", Nothing()), ("jobs.create", wish)):
        with pytest.raises(MillraceError) as refused:
            await platform.do(operation, asked, user=None)
        assert refused.value.code is Code.AUTH_REQUIRED


async def test_a_ping_needs_nobody() -> None:
    assert (await Platform().do("system.ping", Nothing(), user=None)).at == NOW


@pytest.mark.parametrize("mode", ["testing", "live_trading", "autopilot"])
async def test_the_mode_is_the_callers_and_is_changed_where_it_counts(mode: Any) -> None:
    services = Services({"bots GET /mode": {"mode": mode, "changed_at": AT}, "bots PUT /mode": {"mode": mode}})
    assert (await Platform().do("system.mode", Nothing(), services)).mode == mode
    assert (await Platform().do("system.set_mode", system.TradingMode(mode=mode), services)).mode == mode
    assert services.last == {"user": TRADER, "json": {"mode": mode}, "query": None}


async def test_a_mode_that_is_refused_stays() -> None:
    refusal = MillraceError(Code.INVALID_STATE, "no account for real money")
    services = Services({"bots PUT /mode": refusal})
    with pytest.raises(MillraceError) as refused:
        await Platform().do("system.set_mode", system.TradingMode(mode="live_trading"), services)
    assert refused.value is refusal


async def test_exchanges_are_told_to_everybody_in_nobodys_name() -> None:
    row = {
        "id": "luno",
        "name": "luno",
        "display_name": "Luno",
        "enabled": True,
        "bot_limit": 5,
        "status": "operational",
    }
    more = {"supports_paper": True, "supports_live": True, "icon": "x", "color": "#123456", "region": "ZA"}
    services = Services({"marketdata GET /platforms": {"items": [{**row, **more, "required_fields": ["api_key"]}]}})
    told = await Platform().do("system.platforms", Nothing(), services, user=None)
    (one,) = told.items
    assert (one.id, one.region, one.color, one.required_fields) == ("luno", "ZA", "#123456", ("api_key",))
    assert (services.last["user"].username, services.last["user"].role) == ("guest", "viewer")
    assert services.last["user"].user_id.int == 0


def measured(exchange: str, **changes: Any) -> dict[str, Any]:
    return {"id": exchange, "status": "operational", "last_check": AT, "api_latency_ms": 12.5, **changes}


async def test_an_exchange_is_as_well_as_the_callers_keys_there() -> None:
    both = [
        rows.account(ONE, has_keys=True, keys_valid=False, last_check="2026-01-01T00:00:00Z"),
        rows.account(TWO, has_keys=True, keys_valid=True, last_check="2026-01-02T00:00:00Z"),
        rows.account(TWO, exchange="luno", has_keys=False),
        rows.account(TWO, exchange="kraken", has_keys=True),
    ]
    every = [measured("binance"), measured("luno"), measured("kraken", status="down", api_latency_ms=None)]
    services = Services(
        {"marketdata GET /providers/health": {"items": every}, "execution GET /accounts": rows.page(*both)}
    )
    told = (await Platform().do("system.platforms_health", Nothing(), services)).items
    binance, luno, kraken = told["binance"], told["luno"], told["kraken"]
    assert (binance.status, binance.has_keys, binance.keys_valid, binance.latency_ms) == (
        "operational",
        True,
        True,
        12.5,
    )
    assert binance.last_check.day == 2, "the newest of all keys there"
    assert (luno.status, luno.has_keys, luno.keys_valid) == ("not_configured", False, None)
    assert (luno.last_check, luno.latency_ms) == (None, None), "nothing was checked for the caller"
    assert (kraken.status, kraken.keys_valid, kraken.latency_ms, kraken.last_check) == ("down", False, None, NOW)


def test_every_operation_has_one_handler() -> None:
    from millrace.contracts.operations import OPERATIONS

    own = Platform().handlers()
    assert not own.keys() & HANDLERS.keys()
    assert own.keys() | HANDLERS.keys() == OPERATIONS.keys()
