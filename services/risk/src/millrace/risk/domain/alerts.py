"""What an owner is told about limits: each crossing once, not each order."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from millrace.risk.domain.limits import Level

REFUSAL_LASTS = timedelta(minutes=15)
"""How long a refused order is worth an owner's look, unless an order of its kind is approved before."""


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
    """Remembers how near each limit of one account was, by kind and symbol (empty for the whole account).

    `refused` has when the owner was told of a refused order. What such an order would have done did not come to be, so
    it says nothing of how near the limit is.
    """

    def __init__(
        self,
        levels: dict[tuple[str, str], Level] | None = None,
        refused: dict[tuple[str, str], datetime] | None = None,
    ) -> None:
        self.levels = dict(levels or {})
        self.refused = dict(refused or {})
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

    def refuse(self, alert: Alert, at: datetime) -> None:
        """Tell of a refused order, unless that was told not long ago or the limit is reached without it."""
        key = (alert.kind, alert.symbol)
        told = self.refused.get(key)
        if self.levels.get(key) is Level.REACHED or (told is not None and abs(at - told) < REFUSAL_LASTS):
            return
        self.refused[key] = at
        self.changed.add(key)
        self.alerts.append(alert)

    def allow(self, kind: str, symbol: str = "") -> None:
        """An order was approved: what was refused before could be asked for again."""
        if self.refused.pop((kind, symbol), None) is not None:
            self.changed.add((kind, symbol))

    def calm(self, kind: str, symbol: str = "") -> None:
        """Whatever it was, it is over."""
        self.see(Alert(kind, symbol, Level.CALM, "", None, None, ""))
