"""Says what the market did: closed candles durably with their row, everything else as it passes."""

from collections.abc import Sequence
from datetime import datetime

from millrace.common.bus.port import Bus
from millrace.common.db.work import Work
from millrace.common.events.envelope import Envelope
from millrace.common.events.market import BookSeen, CandleClosed, CandleForming, PriceSeen
from millrace.common.events.message import Event
from millrace.common.kernel.ids import derive_id, new_id
from millrace.common.kernel.market import Candle
from millrace.marketdata.domain.orderbook import BookSnapshot
from millrace.marketdata.domain.ticks import Tick


class Publisher:
    """The only voice of the market's topics."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def closed(self, candles: Sequence[Candle], work: Work, stage: int = 0) -> None:
        """Tell of closed candles when `work` commits. Their ids derive from them."""
        for candle in candles:
            event_id = derive_id(candle.closed_at, candle.exchange, candle.symbol, candle.timeframe, candle.opened_at)
            work.emit(CandleClosed.of(candle), at=candle.closed_at, event_id=event_id, stage=stage)

    def price(self, tick: Tick, forming: Sequence[Candle], at: datetime) -> None:
        """The market traded, and so look the open candles now."""
        seen = PriceSeen(
            exchange=tick.exchange, symbol=tick.symbol, price=tick.price, quantity=tick.quantity, at=tick.at
        )
        for event in (seen, *map(CandleForming.of, forming)):
            self._broadcast(event, at)

    def book(self, top: BookSnapshot, at: datetime) -> None:
        """The best levels are these now."""
        names = ("exchange", "symbol", "bids", "asks", "last_update_id", "at")
        self._broadcast(BookSeen(**{name: getattr(top, name) for name in names}), at)

    def _broadcast(self, event: Event, at: datetime) -> None:
        envelope = Envelope(new_id(), event.type, "marketdata", at, event.key, event.model_dump_json().encode())
        self._bus.broadcast(event.topic, envelope)
