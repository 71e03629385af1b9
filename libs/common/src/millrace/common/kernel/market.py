"""What a market says, as plain values shared by strategies, venues and services."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from millrace.common.kernel import timeframes


@dataclass(frozen=True, slots=True)
class Candle:
    """One closed bar of one pair at one exchange: prices in quote currency, volume in base currency.

    `quote_volume` (in quote currency) and `trades` (how many) are as the source told them, None where it did not. They
    are no part of what makes two bars the same, and other services do not hear of them.
    """

    exchange: str
    symbol: str
    timeframe: str
    opened_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal | None = field(default=None, compare=False, repr=False)
    trades: int | None = field(default=None, compare=False, repr=False)

    @property
    def closed_at(self) -> datetime:
        """The first instant that is no longer part of this bar."""
        return self.opened_at + timeframes.length(self.timeframe)
