"""One trade as the market tells it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Tick:
    """A trade: `price` in quote currency, `quantity` in base currency, `at` by the exchange's clock.

    `trade_id` is the exchange's own id, empty where it gives none. What was made of a bar, so that a price moves within
    it, is `invented`: how many trades there were nobody counted.
    """

    exchange: str
    symbol: str
    price: Decimal
    quantity: Decimal
    at: datetime
    trade_id: str = ""
    invented: bool = False

    @property
    def rank(self) -> tuple[datetime, int]:
        """Orders trades of one market; numeric ids decide between trades of the same instant."""
        return self.at, int(self.trade_id) if self.trade_id.isdecimal() else 0
