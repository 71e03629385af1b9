"""What the risk service decided."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from millrace.common.events.message import Amount, Event


class _DecisionEvent(Event):
    topic: ClassVar[str] = "risk.decisions.v1"
    user_id: UUID
    account_id: UUID
    order_id: UUID

    @property
    def key(self) -> str:
        return str(self.account_id)


class OrderApproved(_DecisionEvent):
    """The order may be sent, once, before `expires_at`. `signature` covers the order's terms; see auth/approvals.

    A buy comes with `exit_signature`: the standing approval to sell again what it bought, should risk be away then.
    """

    type: ClassVar[str] = "risk.order_approved.v1"
    approval_id: UUID
    expires_at: datetime
    signature: str
    exit_signature: str | None = None


class OrderRefused(_DecisionEvent):
    """The order must not be sent: which rule said so, and its numbers."""

    type: ClassVar[str] = "risk.order_refused.v1"
    rule: str
    message: str
    limit_value: Amount | None = None
    current_value: Amount | None = None


class RiskAlertRaised(Event):
    """A limit is near or broken, or something needs a human."""

    type: ClassVar[str] = "risk.alert_raised.v1"
    topic: ClassVar[str] = "risk.alerts.v1"
    alert_id: UUID
    user_id: UUID
    account_id: UUID | None = None
    alert_type: str
    severity: str
    message: str
    symbol: str | None = None
    current_value: Amount | None = None
    limit_value: Amount | None = None
    action_taken: str = "none"
    triggered_at: datetime

    @property
    def key(self) -> str:
        return str(self.user_id)

    @property
    def level(self) -> str:
        """Severity and action in one of four words, as the risk service lists the alert."""
        if self.severity == "critical":
            return "high" if self.action_taken == "none" else "critical"
        return "medium" if self.severity == "warning" else "low"


class KillSwitchChanged(Event):
    """Trading of a scope was stopped or allowed again. `scope`: bot, account, user or global."""

    type: ClassVar[str] = "risk.kill_switch_changed.v1"
    topic: ClassVar[str] = "risk.alerts.v1"
    user_id: UUID | None = None
    scope: str
    target: str
    active: bool
    reason: str
    changed_at: datetime

    @property
    def key(self) -> str:
        return str(self.user_id or "global")
