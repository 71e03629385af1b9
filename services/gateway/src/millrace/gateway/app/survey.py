"""Whether every other service is there, how long it takes to answer, and what of that was worth an alert."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.auth.principal import Principal
from millrace.common.db.database import RETRYABLE, Connection, Database
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.ids import new_id
from millrace.common.telemetry import metrics
from millrace.contracts.canonical.risk import SystemAlert
from millrace.contracts.canonical.system import Metric
from millrace.gateway.app.asking import Ask

_NOBODY = Principal(UUID(int=0), "guest", "viewer")
_PATIENCE_SECONDS = 1.0
_FRESH_SECONDS = 1.0
_EVERY_SECONDS = 15.0
_KEPT = 240  # readings of each gauge: an hour
_RAISE = """
insert into system_alerts (id, component, severity, message, triggered_at) values ($1, $2, $3, $4, $5)
on conflict (component) where resolved_at is null do nothing
"""
_RESOLVE = "update system_alerts set resolved_at = $2 where component = $1 and resolved_at is null"
_LIST = """
select *, count(*) over () as total from system_alerts
where ($1::boolean is null or (resolved_at is null) = $1) and (cardinality($2::text[]) = 0 or severity = any($2))
order by triggered_at desc, id desc limit $3 offset $4
"""
_FORGET = "delete from system_alerts where resolved_at < $1"
_REMEMBERED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Found:
    """Whether a service answered, whatever it said, and after how many milliseconds."""

    there: bool
    latency_ms: float


class Survey:
    """Asks every other service, at most once a second."""

    def __init__(self, names: list[str], call: Callable[[str], Any], clock: Clock) -> None:
        self._names = names
        self._call = call
        self._clock = clock
        self._lock = asyncio.Lock()
        self._found: dict[str, Found] = {}
        self._until = -1.0

    async def services(self) -> dict[str, Found]:
        """By name."""
        async with self._lock:
            if self._clock.monotonic() >= self._until:
                found = await asyncio.gather(*map(self._ask, self._names))
                self._found = dict(zip(self._names, found, strict=True))
                self._until = self._clock.monotonic() + _FRESH_SECONDS
            return self._found

    async def _ask(self, name: str) -> Found:
        begun = self._clock.monotonic()
        try:
            await self._call(name).request("GET", "/health", deadline=_PATIENCE_SECONDS)
        except MillraceError:
            return Found(False, _PATIENCE_SECONDS * 1000)
        return Found(True, (self._clock.monotonic() - begun) * 1000)


class Watch:
    """Takes readings every fifteen seconds, keeps an hour of them, and raises an alert while something is wrong.

    That is a service that is away, and a kill switch that stops everybody. `ask` gives the way to other services.
    """

    def __init__(self, survey: Survey, database: Database, clock: Clock, ask: Callable[[], Ask]) -> None:
        self._survey = survey
        self._database = database
        self._clock = clock
        self._ask = ask
        self._readings: dict[tuple[str, str], deque[Metric]] = {}

    async def run(self) -> None:
        """For ever. A lost database is waited for."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            try:
                await self.look()
            except RETRYABLE:
                continue  # what the readings say of the database is seen by /readyz

    async def look(self) -> None:
        """Take one reading of everything."""
        found, now = await self._survey.services(), self._clock.now()
        for name, service in found.items():
            self._note(name, "up", Decimal(service.there), now)
            self._note(name, "latency_ms", Decimal(f"{service.latency_ms:.3f}"), now)
        self._note("gateway", "requests_total", _total("millrace_http_requests"), now)
        self._note("gateway", "requests_in_flight", _total("millrace_http_requests_in_flight"), now)
        stopped = await self._stopped()
        async with self._database.transaction() as connection:
            for name, service in found.items():
                text = None if service.there else f"{name} does not answer; what needs it is refused until it does"
                await self._alert(connection, name, text, now)
            if stopped is not None:
                await self._alert(connection, "trading", stopped, now)
            await connection.execute(_FORGET, now - _REMEMBERED)

    async def _stopped(self) -> str | None:
        """That nobody may trade, and why; empty where everybody may, and None where that cannot be asked."""
        try:
            found = await self._ask()("risk", "GET", "/kill", _NOBODY)
        except MillraceError:
            return None
        reasons = [row["reason"] for row in found["items"] if row["scope"] == "global"]
        return f"trading is stopped for everybody: {reasons[0]}" if reasons else ""

    async def _alert(self, connection: Connection, component: str, text: str | None, now: datetime) -> None:
        if text:
            await connection.execute(_RAISE, new_id(self._clock), component, "critical", text, now)
        else:
            await connection.execute(_RESOLVE, component, now)

    def _note(self, component: str, name: str, value: Decimal, now: datetime) -> None:
        series = self._readings.setdefault((component, name), deque(maxlen=_KEPT))
        series.append(Metric(component=component, name=name, value=value, at=now))

    async def readings(
        self, component: str | None, name: str | None, start: datetime | None, end: datetime | None
    ) -> list[Metric]:
        """The newest of each gauge or, where times are given, all from `start` up to `end`."""
        if not self._readings:
            await self.look()
        wanted = [
            series
            for (at, gauge), series in self._readings.items()
            if component in (None, at) and name in (None, gauge)
        ]
        if start is None and end is None:
            return [series[-1] for series in wanted]
        return [
            reading
            for series in wanted
            for reading in series
            if (start is None or reading.at >= start) and (end is None or reading.at < end)
        ]

    async def alerts(
        self, active: bool | None, severities: list[str], limit: int, offset: int
    ) -> tuple[list[SystemAlert], int]:
        """What was raised, newest first, and how many there are in all."""
        rows = await self._database.fetch(_LIST, active, severities, limit, offset)
        alerts = [
            SystemAlert(
                id=UUID(str(row["id"])),
                component=row["component"],
                severity=row["severity"],
                message=row["message"],
                is_active=row["resolved_at"] is None,
                triggered_at=row["triggered_at"],
                resolved_at=row["resolved_at"],
            )
            for row in rows
        ]
        return alerts, rows[0]["total"] if rows else 0


def _total(family: str) -> Decimal:
    """The sum of all series of one family of this process."""
    samples = (
        sample.value
        for metric in metrics.REGISTRY.collect()
        if metric.name == family
        for sample in metric.samples
        if not sample.name.endswith("_created")
    )
    return Decimal(str(sum(samples)))
