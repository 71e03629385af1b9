"""The platform, its exchanges, and the mode a user trades in."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from millrace.contracts.canonical.accounts import CheckKeys, KeysChecked
from millrace.contracts.canonical.frame import Done
from millrace.contracts.canonical.system import Platform, PlatformHealth, Platforms, PlatformsHealth, SystemStatus
from millrace.contracts.canonical.system import TradingMode as Mode
from millrace.contracts.names import Access
from millrace.contracts.network.wire import Exchange, Success, Told, lower, nothing, row
from millrace.contracts.spelling import moment
from millrace.contracts.table import Asked, Call, Shape, View

ModeWord = Literal["testing", "live_trading", "autopilot"]


class ModeBody(Asked):
    """How bots are to trade."""

    mode: Annotated[ModeWord, BeforeValidator(lower)]


class KeysBody(Asked):
    """Keys to be tried. They are not kept."""

    provider: Exchange
    api_key: str = Field(min_length=1, max_length=4096)
    api_secret: str = Field(min_length=1, max_length=4096)
    passphrase: str | None = Field(None, max_length=4096)


class Ping(Shape):
    """It is there."""

    status: Literal["ok"]
    timestamp: str


class StatusShape(Shape):
    """Each part in a word."""

    database: str
    websocket: str
    sse: str
    api: str
    bots_active: int
    bots_total: int


class Status(Success):
    """How everything is."""

    status: StatusShape
    timestamp: str


class ModeChanged(Success):
    """The mode from now on."""

    mode: ModeWord


class ModeShape(ModeChanged):
    """The mode, and what that means."""

    paper_trading: bool
    live_trading: bool
    autopilot: bool


class PlatformShape(Shape):
    """An exchange."""

    id: str
    name: str
    display_name: str
    enabled: bool
    bot_limit: int
    supports_paper: bool
    supports_live: bool
    icon: str
    color: str
    region: str


class PlatformsShape(Shape):
    """All of them."""

    platforms: list[PlatformShape]
    total_count: int
    default: str
    timestamp: str


class HealthShape(Shape):
    """One exchange for one user; the latency is measured, and missing without keys."""

    status: str
    has_keys: bool
    keys_valid: bool | None
    last_check: str | None
    api_latency_ms: float | None = None


class HealthsShape(Success):
    """By exchange."""

    platforms: dict[str, HealthShape]


class ProviderShape(Shape):
    """What an exchange needs to be connected."""

    id: str
    type: str
    display_name: str
    required_fields: list[str]
    icon: str
    description: str


class Providers(Success):
    """All of them."""

    providers: list[ProviderShape]


class KeysGood(Told):
    """The exchange accepted them."""

    provider: str


def _ping(done: Done, now: datetime) -> dict[str, Any]:
    return {"status": "ok", "timestamp": moment(now)}


def _status(found: SystemStatus, now: datetime) -> dict[str, Any]:
    return {"success": True, "status": found.model_dump(), "timestamp": moment(now)}


def _mode(found: Mode, now: datetime) -> dict[str, Any]:
    flags = {"paper_trading": "testing", "live_trading": "live_trading", "autopilot": "autopilot"}
    return {"success": True, "mode": found.mode, **{flag: found.mode == word for flag, word in flags.items()}}


def _changed(found: Mode, now: datetime) -> dict[str, Any]:
    return {"success": True, "mode": found.mode}


def _platform(platform: Platform) -> dict[str, Any]:
    names = ("id", "name", "enabled", "bot_limit", "supports_paper", "supports_live", "icon", "color", "region")
    return {**{name: getattr(platform, name) for name in names}, "display_name": platform.name}


def _platforms(found: Platforms, now: datetime) -> dict[str, Any]:
    shown = [_platform(platform) for platform in found.items]
    return {"platforms": shown, "total_count": len(shown), "default": "all", "timestamp": moment(now)}


def _health(health: PlatformHealth) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "status": health.status,
        "has_keys": health.has_keys,
        "keys_valid": health.keys_valid,
        "last_check": None if health.last_check is None else moment(health.last_check),
    }
    return shown if health.latency_ms is None else {**shown, "api_latency_ms": round(health.latency_ms, 3)}


def _healths(found: PlatformsHealth, now: datetime) -> dict[str, Any]:
    return {"success": True, "platforms": {name: _health(health) for name, health in found.items.items()}}


def _provider(platform: Platform) -> dict[str, Any]:
    return {
        "id": platform.id,
        "type": "exchange",
        "display_name": platform.name,
        "required_fields": list(platform.required_fields),
        "icon": platform.logo or f"{platform.id}.svg",
        "description": platform.description,
    }


def _providers(found: Platforms, now: datetime) -> dict[str, Any]:
    return {"success": True, "providers": [_provider(platform) for platform in found.items]}


def _keys(call: Call) -> CheckKeys:
    said: KeysBody = call.body
    given = said.model_dump(include={"api_key", "api_secret"})
    return CheckKeys(exchange=said.provider, passphrase=said.passphrase or None, **given)


def _good(found: KeysChecked, now: datetime) -> dict[str, Any]:
    return {"success": True, "message": "API keys are valid", "provider": found.exchange}


ROWS = (
    row("GET", "system/ping", "system.ping", View(nothing, _ping, Ping), Access.PUBLIC),
    row("GET", "system/status", "system.status", View(nothing, _status, Status)),
    row("GET", "system/mode", "system.mode", View(nothing, _mode, ModeShape)),
    row(
        "POST",
        "system/mode",
        "system.set_mode",
        View(lambda call: Mode(mode=call.body.mode), _changed, ModeChanged, body=ModeBody),
        Access.TRADER,
    ),
    row("GET", "system/platforms", "system.platforms", View(nothing, _platforms, PlatformsShape), Access.PUBLIC),
    row("GET", "platforms/health", "system.platforms_health", View(nothing, _healths, HealthsShape)),
    row("GET", "providers", "system.platforms", View(nothing, _providers, Providers), Access.PUBLIC),
    row("POST", "keys/test", "accounts.check_keys", View(_keys, _good, KeysGood, body=KeysBody), Access.TRADER),
)
