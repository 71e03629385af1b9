"""What an owner is told about limits: each crossing once, not each order."""

from dataclasses import dataclass
from decimal import Decimal

from millrace.risk.domain.limits import Level


@dataclass(frozen=True, slots=True)
class Alert:
    """Something came nearer to its limit than it was when the owner was last told."""

    kind: str
    symbol: str
    level: Level
    message: str
    current: Decimal | None
    limit: Decimal | None
    action: str

    @property
    def severity(self) -> str:
        """`warning` below the critical threshold, `critical` from there on."""
        return "warning" if self.level is Level.WARNING else "critical"


class Watch:
    """Remembers how near each limit of one account was, by kind and symbol (empty for the whole account)."""

    def __init__(self, levels: dict[tuple[str, str], Level] | None = None) -> None:
        self.levels = dict(levels or {})
        self.changed: set[tuple[str, str]] = set()
        self.alerts: list[Alert] = []

    def see(self, alert: Alert) -> None:
        """Note a level; what is higher than before is worth an alert."""
        key = (alert.kind, alert.symbol)
        before = self.levels.get(key, Level.CALM)
        if alert.level is before:
            return
        self.levels[key] = alert.level
        self.changed.add(key)
        if alert.level > before:
            self.alerts.append(alert)

    def calm(self, kind: str, symbol: str = "") -> None:
        """Whatever it was, it is over."""
        self.see(Alert(kind, symbol, Level.CALM, "", None, None, ""))
