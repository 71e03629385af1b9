"""Limits and what happens near them."""

from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from millrace.contracts.canonical.frame import Canonical, Listing, Ref
from millrace.contracts.names import Contract

ZERO = Decimal(0)
LimitType = Literal["position_value", "daily_loss", "drawdown"]
Severity = Literal["low", "medium", "high", "critical"]


class RiskLimit(Canonical):
    """One limit: an amount of quote currency, or a fraction for `drawdown`. Thresholds and `utilization` are fractions.

    `source` is `system` for the ones every user starts with.
    """

    id: UUID
    num: int
    user_id: UUID
    limit_type: LimitType
    symbol: str | None = None
    spelling: str | None = None
    value: Decimal
    current_value: Decimal = ZERO
    utilization: Decimal = ZERO
    warning_threshold: Decimal = Decimal("0.8")
    critical_threshold: Decimal = Decimal("0.95")
    enabled: bool = True
    source: Literal["system", "user"] = "user"
    created_at: AwareDatetime


class RiskLimits(Canonical):
    """All limits of a user, and the values that hold account-wide. `origin` is the contract that wrote last."""

    items: tuple[RiskLimit, ...] = ()
    max_position_value: Decimal
    max_daily_loss: Decimal
    max_drawdown: Decimal
    updated_at: AwareDatetime
    origin: Contract | None = None


class ListLimits(Canonical):
    """The limits that hold for the caller, or the caller's `own` alone; at most `limit`, after leaving out `offset`."""

    own: bool = False
    limit: int | None = Field(None, ge=1)
    offset: int = Field(0, ge=0)


class CreateLimit(Canonical):
    """Add a limit."""

    limit_type: LimitType
    value: Decimal
    symbol: str | None = None
    spelling: str | None = None
    warning_threshold: Decimal = Decimal("0.8")
    critical_threshold: Decimal = Decimal("0.95")
    origin: Contract


class UpdateLimit(Canonical):
    """Change what is given of one limit; `value` is as the client wrote it: a percent if the limit is a drawdown's."""

    id: Ref
    value: Decimal | None = None
    enabled: bool | None = None
    origin: Contract


class SetLimits(Canonical):
    """Set the account-wide limits."""

    max_position_value: Decimal
    max_daily_loss: Decimal
    max_drawdown: Decimal
    origin: Contract


class RiskEvent(Canonical):
    """A limit came near or broke. Without numbers both are 0."""

    id: UUID
    num: int
    event_type: str
    severity: Severity
    symbol: str | None = None
    message: str
    current_value: Decimal = ZERO
    limit_value: Decimal = ZERO
    action_taken: str = "none"
    at: AwareDatetime


class ListRiskEvents(Listing):
    """The caller's risk events, newest first; `active` ones alone are those whose limit is still that near."""

    active: bool = False
    severities: tuple[Severity, ...] = ()
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None


class SystemAlert(Canonical):
    """Something of the platform itself needs a look, or did; what is near a user's limit has component `risk`."""

    id: UUID
    component: str
    severity: Severity
    message: str
    is_active: bool = True
    triggered_at: AwareDatetime
    resolved_at: AwareDatetime | None = None


class ListAlerts(Listing):
    """The platform's alerts and the caller's own, newest first."""

    is_active: bool | None = None
    severities: tuple[Severity, ...] = ()
