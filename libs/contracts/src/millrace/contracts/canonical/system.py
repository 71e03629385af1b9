"""The platform itself, the exchanges it knows, and its assistant."""

from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from millrace.contracts.canonical.frame import Canonical, Listing
from millrace.contracts.canonical.users import Mode


class Health(Canonical):
    """How the platform is. `uptime` in seconds; `references` is free-form."""

    status: Literal["ok", "degraded", "down"] = "ok"
    version: str
    environment: str
    database_connected: bool = True
    references: dict[str, Any] = Field(default_factory=dict)
    uptime: float = 0.0
    correlation_id: str = ""
    at: AwareDatetime


class SystemStatus(Canonical):
    """The platform as one user sees it."""

    database: str = "connected"
    websocket: str = "active"
    sse: str = "active"
    api: str = "operational"
    bots_active: int = 0
    bots_total: int = 0


class TradingMode(Canonical):
    """How a user's bots trade; also the wish to change it."""

    mode: Mode


class Platform(Canonical):
    """An exchange the platform can talk to."""

    id: str
    name: str
    enabled: bool = True
    bot_limit: int = 5
    supports_paper: bool = True
    supports_live: bool = False
    icon: str = ""
    logo: str = ""
    color: str = "#888888"
    region: str = ""
    required_fields: tuple[str, ...] = ("api_key", "api_secret")
    description: str = ""


class Platforms(Canonical):
    """All of them."""

    items: tuple[Platform, ...] = ()


class PlatformHealth(Canonical):
    """How an exchange is for one user. `keys_valid` and what follows are missing without keys."""

    status: str = "not_configured"
    has_keys: bool = False
    keys_valid: bool | None = None
    last_check: AwareDatetime | None = None
    latency_ms: float | None = None


class PlatformsHealth(Canonical):
    """By exchange."""

    items: dict[str, PlatformHealth] = Field(default_factory=dict)


class Metric(Canonical):
    """One reading of one gauge."""

    component: str
    name: str
    value: Decimal
    at: AwareDatetime


class MetricReadings(Canonical):
    """Some readings, and the state of breakers and rates, free-form."""

    items: tuple[Metric, ...] = ()
    circuit_breakers: dict[str, Any] = Field(default_factory=dict)
    rate_limits: dict[str, Any] = Field(default_factory=dict)


class AskMetrics(Canonical):
    """Which readings."""

    component: str | None = None
    name: str | None = None
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None


class Say(Canonical):
    """A user's message to the assistant; the token confirms an action it proposed."""

    message: str
    confirmation_token: str | None = None


class Reply(Canonical):
    """The assistant's answer, and actions it proposes, free-form."""

    text: str
    actions: tuple[dict[str, Any], ...] = ()
    confirmation_token: str | None = None
    at: AwareDatetime


class ChatMessage(Canonical):
    """One message of a conversation."""

    id: UUID | None = None
    role: Literal["user", "assistant"]
    content: str
    at: AwareDatetime


class Conversation(Canonical):
    """Messages, oldest first."""

    items: tuple[ChatMessage, ...] = ()


class AskConversation(Listing):
    """The newest messages."""


class Greeting(Canonical):
    """A welcome and the day's report."""

    text: str
    summary: str
    highlights: tuple[str, ...] = ()
