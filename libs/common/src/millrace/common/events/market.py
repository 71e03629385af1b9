"""What the market did."""

from datetime import datetime
from typing import ClassVar, Self

from millrace.common.events.message import Amount, Event
from millrace.common.kernel.market import Candle

_CANDLE = ("exchange", "symbol", "timeframe", "opened_at", "open", "high", "low", "close", "volume")


class _MarketEvent(Event):
    exchange: str
    symbol: str

    @property
    def key(self) -> str:
        return f"{self.exchange}:{self.symbol}"


class _CandleEvent(_MarketEvent):
    timeframe: str
    opened_at: datetime
    open: Amount
    high: Amount
    low: Amount
    close: Amount
    volume: Amount

    @classmethod
    def of(cls, candle: Candle) -> Self:
        """The event that tells of `candle`."""
        return cls(**{name: getattr(candle, name) for name in _CANDLE})

    @property
    def candle(self) -> Candle:
        """The plain value."""
        return Candle(**{name: getattr(self, name) for name in _CANDLE})


class CandleClosed(_CandleEvent):
    """A candle is complete and will not change any more."""

    type: ClassVar[str] = "market.candle_closed.v1"
    topic: ClassVar[str] = "market.candles.v1"


class CandleForming(_CandleEvent):
    """The state so far of the candle that is still open. Lossy."""

    type: ClassVar[str] = "market.candle_forming.v1"
    topic: ClassVar[str] = "market.ticks.v1"

    @property
    def key(self) -> str:
        return f"{self.exchange}:{self.symbol}:{self.timeframe}"


class PriceSeen(_MarketEvent):
    """A trade happened in the market. Lossy."""

    type: ClassVar[str] = "market.price_seen.v1"
    topic: ClassVar[str] = "market.ticks.v1"

    price: Amount
    quantity: Amount
    at: datetime


class BookSeen(_MarketEvent):
    """The best levels of an order book, best first, as (price, quantity). Lossy."""

    type: ClassVar[str] = "market.book_seen.v1"
    topic: ClassVar[str] = "market.books.v1"

    bids: tuple[tuple[Amount, Amount], ...]
    asks: tuple[tuple[Amount, Amount], ...]
    last_update_id: int
    at: datetime
