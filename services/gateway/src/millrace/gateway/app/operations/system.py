"""The platform itself: its health, mode, exchanges, readings, cache and jobs."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any
from uuid import UUID

from millrace.common.auth.principal import Principal
from millrace.common.db.database import RETRYABLE, Database
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical import research, risk, system
from millrace.contracts.canonical.frame import MOST, Done, Nothing, Page
from millrace.gateway.app.asking import Asking, Handlers
from millrace.gateway.app.operations.pages import count, rows
from millrace.gateway.app.ports import Cache
from millrace.gateway.app.survey import Survey, Watch
from millrace.gateway.app.work import Labour
from millrace.gateway.domain.rates import described

_DATABASE_SECONDS = 1.0
_GUEST = Principal(UUID(int=0), "guest", "viewer")  # what everybody may see is asked for in nobody's name


@dataclass(frozen=True, slots=True)
class System:
    """What is known of the platform here. `environment` is what the operator calls this installation."""

    survey: Survey
    watch: Watch
    cache: Cache
    labour: Labour
    database: Database
    environment: str
    started_at: datetime

    def handlers(self) -> Handlers:
        """By operation."""
        return {
            "system.ping": ping,
            "system.health": self.health,
            "system.status": self.status,
            "system.mode": mode,
            "system.set_mode": set_mode,
            "system.platforms": platforms,
            "system.platforms_health": platforms_health,
            "system.metrics": self.metrics,
            "system.alerts": self.alerts,
            "cache.read": self.read_cache,
            "cache.delete": self.delete_keys,
            "jobs.read": self.read_jobs,
            "jobs.create": self.create_job,
        }

    async def health(self, asking: Asking, asked: Nothing) -> system.Health:
        """`ok` while all services answer, `down` without a database."""
        found, stored = await asyncio.gather(self.survey.services(), self._stored())
        well = all(service.there for service in found.values())
        return system.Health(
            status="down" if not stored else "ok" if well else "degraded",
            version=version("millrace-gateway"),
            environment=self.environment,
            database_connected=stored,
            references={name: "ok" if service.there else "away" for name, service in found.items()},
            uptime=(asking.now - self.started_at).total_seconds(),
            at=asking.now,
        )

    async def _stored(self) -> bool:
        try:
            async with asyncio.timeout(_DATABASE_SECONDS):
                return bool(await self.database.fetch("select 1"))
        except TimeoutError:
            return False
        except RETRYABLE:
            return False

    async def status(self, asking: Asking, asked: Nothing) -> system.SystemStatus:
        """The platform as the caller sees it, with their bots."""
        found, stored = await asyncio.gather(self.survey.services(), self._stored())
        streams = "active" if found["notifier"].there else "inactive"
        well = all(service.there for service in found.values())
        return system.SystemStatus(
            database="connected" if stored else "disconnected",
            websocket=streams,
            sse=streams,
            api="operational" if well else "degraded",
            bots_active=await count(asking, "bots", "/bots", status="active"),
            bots_total=await count(asking, "bots", "/bots"),
        )

    async def metrics(self, asking: Asking, asked: system.AskMetrics) -> system.MetricReadings:
        """Readings, with which services are cut off and how much callers may send."""
        if asked.start and asked.end and asked.start > asked.end:
            raise MillraceError(Code.INVALID_DATE_RANGE, "start_time must not be after end_time")
        found = await self.survey.services()
        return system.MetricReadings(
            items=tuple(await self.watch.readings(asked.component, asked.name, asked.start, asked.end)),
            circuit_breakers={name: "closed" if service.there else "open" for name, service in found.items()},
            rate_limits=described(),
        )

    async def alerts(self, asking: Asking, asked: risk.ListAlerts) -> Page[risk.SystemAlert]:
        """What is or was wrong with the platform, and near the caller's own limits, newest first."""
        most = asked.offset + asked.limit
        (found, total), (own, more) = await asyncio.gather(
            self.watch.alerts(asked.is_active, list(asked.severities), most, 0), _of_risk(asking, asked, most)
        )
        every = sorted([*found, *own], key=lambda alert: alert.triggered_at, reverse=True)
        return Page(items=tuple(every[asked.offset : most]), total=total + more, limit=asked.limit, offset=asked.offset)

    async def read_cache(self, asking: Asking, asked: Nothing) -> research.Cache:
        """What is kept in Redis or, without one, in this process."""
        return await self.cache.read()

    async def delete_keys(self, asking: Asking, asked: research.DeleteKeys) -> research.KeysDeleted:
        """Forget keys of a pattern, of ours alone."""
        return research.KeysDeleted(pattern=asked.pattern, count=await self.cache.delete(asked.pattern))

    async def read_jobs(self, asking: Asking, asked: Nothing) -> research.Jobs:
        """The queue, over all services."""
        return await self.labour.read(asking.user)

    async def create_job(self, asking: Asking, asked: research.CreateJob) -> research.Job:
        """A job that is done in the background."""
        return await self.labour.create(asking.user, asked, asking.intent)


async def _of_risk(asking: Asking, asked: risk.ListAlerts, most: int) -> tuple[list[risk.SystemAlert], int]:
    """The caller's own risk alerts; none while risk is away, of which the platform's alerts tell."""
    found: list[risk.SystemAlert] = []
    every = 0
    for active in (True, False) if asked.is_active is None else (asked.is_active,):
        query = {"active": str(active).lower(), "level": list(asked.severities) or None}
        try:
            told, total = await rows(asking, "risk", "/alerts", query, most)
        except MillraceError as absent:
            if absent.code is not Code.UNAVAILABLE:
                raise
            return [], 0
        every += total
        found += [
            risk.SystemAlert(
                id=row["id"],
                component="risk",
                severity=row["level"],
                message=row["message"],
                is_active=active,
                triggered_at=row["triggered_at"],
            )
            for row in told
        ]
    return found, every


async def ping(asking: Asking, asked: Nothing) -> Done:
    """It is there."""
    return Done(at=asking.now)


async def mode(asking: Asking, asked: Nothing) -> system.TradingMode:
    """How the caller's bots trade."""
    return system.TradingMode(mode=(await asking.ask("bots", "GET", "/mode"))["mode"])


async def set_mode(asking: Asking, asked: system.TradingMode) -> system.TradingMode:
    """How they trade from now on."""
    return system.TradingMode(mode=(await asking.ask("bots", "PUT", "/mode", json={"mode": asked.mode}))["mode"])


async def platforms(asking: Asking, asked: Nothing) -> system.Platforms:
    """The exchanges."""
    found = await asking.backend("marketdata", "GET", "/platforms", _GUEST)
    return system.Platforms(items=tuple(_platform(row) for row in found["items"]))


def _platform(row: dict[str, Any]) -> system.Platform:
    names = system.Platform.model_fields.keys() & row.keys()
    return system.Platform(**{name: row[name] for name in names})


async def platforms_health(asking: Asking, asked: Nothing) -> system.PlatformsHealth:
    """Each exchange as it is for the caller: their keys there, and how fast it answers."""
    exchanges = (await asking.ask("marketdata", "GET", "/providers/health"))["items"]
    accounts, _ = await rows(asking, "execution", "/accounts", {}, MOST)
    shown: dict[str, system.PlatformHealth] = {}
    for row in exchanges:
        mine = [account for account in accounts if account["exchange"] == row["id"] and account["has_keys"]]
        checked = max((account["last_check"] for account in mine if account["last_check"]), default=None)
        shown[row["id"]] = system.PlatformHealth()  # without keys nothing was checked for the caller
        if mine:
            shown[row["id"]] = system.PlatformHealth(
                status=row["status"],
                has_keys=True,
                keys_valid=any(account["keys_valid"] for account in mine),
                last_check=checked or row["last_check"],
                latency_ms=row["api_latency_ms"],
            )
    return system.PlatformsHealth(items=shown)
