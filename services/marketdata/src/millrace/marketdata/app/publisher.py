"""Says what the market did: closed candles durably with their row, everything else as it passes."""

from collections.abc import Sequence
from datetime import datetime

from millrace.common.bus.port import Bus
from millrace.common.db.work import Work, Works
from millrace.common.events.envelope import Envelope
from millrace.common.events.market import CandleClosed, CandleForming, PriceSeen
from millrace.common.events.message import Event
from millrace.common.kernel.ids import derive_id, new_id
from millrace.common.kernel.market import Candle
from millrace.marketdata.app.ports import Candles


class Publisher:
    """The only voice of the market's topics."""

    def __init__(self, works: Works, bus: Bus, candles: Candles) -> None:
        self._works = works
        self._bus = bus
        self._candles = candles

    async def closed(self, candles: Sequence[Candle], work: Work, stage: int = 0) -> None:
        """Store closed candles and tell of them in the same unit of work."""
        await self._candles.add(work, candles)
        for candle in candles:
            event_id = derive_id(candle.closed_at, candle.exchange, candle.symbol, candle.timeframe, candle.opened_at)
            work.emit(CandleClosed.of(candle), at=candle.closed_at, event_id=event_id, stage=stage)

    def price(self, candle: Candle, at: datetime) -> None:
        """The market traded at the candle's close, just now; `candle` is how the open one looks."""
        seen = PriceSeen(
            exchange=candle.exchange, symbol=candle.symbol, price=candle.close, quantity=candle.volume, at=at
        )
        self._broadcast(seen, at)
        self.forming(candle, at)

    def forming(self, candle: Candle, at: datetime) -> None:
        """The open candle as it is now."""
        self._broadcast(CandleForming.of(candle), at)

    def _broadcast(self, event: Event, at: datetime) -> None:
        envelope = Envelope(new_id(), event.type, "marketdata", at, event.key, event.model_dump_json().encode())
        self._bus.broadcast(event.topic, envelope)
