"""Entries and candles in the words of a contract's stream, made once and shared by all who are told."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol

import orjson

from millrace.common.events.trading import OrderState
from millrace.common.kernel.money import divided, plain
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.web.frames import text_frame
from millrace.notifier.domain.hub import Entry, Quote

_STATUS = {
    OrderState.RECEIVED: "NEW",
    OrderState.APPROVED: "NEW",
    OrderState.SUBMITTING: "NEW",
    OrderState.UNKNOWN: "NEW",
    OrderState.OPEN: "NEW",
    OrderState.CANCELLED: "CANCELED",
    OrderState.REFUSED: "REJECTED",
}
_NAMES = {"fill_booked": "trade_update", "bot_changed": "bot_update", "equity_marked": "overview_update"}


class Words(Protocol):
    """What a transport writes. Empty: it does not tell of it."""

    def entry(self, channel: str, entry: Entry) -> bytes:
        """One entry of the log."""
        ...

    def quote(self, quote: Quote, spelling: str) -> bytes:
        """One candle."""
        ...

    def resync(self, first: int, last: int) -> bytes:
        """Not everything missed can be told: the log has entries `first` to `last`; read the state anew."""
        ...


def whole_seconds(at: str) -> str:
    """ISO 8601 in UTC with a Z."""
    return at[:19] + "Z"


def trading_update(entry: Entry) -> dict[str, Any] | None:
    """Contract crypto: `trading_updates`."""
    if entry.kind != "order_updated":
        return None
    body = entry.body
    state = OrderState(body["state"])
    data = {
        "order_id": body["order_id"],
        "status": _STATUS.get(state, state.value.upper()),
        "executed_quantity": body["filled_quantity"],
        "avg_price": _average(body),
        "timestamp": whole_seconds(body["updated_at"]),
        "symbol": parse_symbol(body["symbol"]).joined,
        "side": body["side"].upper(),
        "bot_id": body["bot_id"],
        "reason": body["reason"],
    }
    return {"type": "trading_update", "channel": "trading_updates", "data": data, "seq": entry.seq}


def _average(body: dict[str, Any]) -> str:
    filled = Decimal(body["filled_quantity"])
    return plain(divided(Decimal(body["filled_notional"]), filled)) if filled else "0"


def portfolio_update(entry: Entry) -> dict[str, Any] | None:
    """Contract crypto: `portfolio_updates`."""
    if entry.kind != "equity_marked":
        return None
    body = entry.body
    data = {
        "total_balance": body["equity"],
        "available_balance": body["cash"],
        "unrealized_pnl": body["unrealized_pnl"],
        "day_pnl": body["day_pnl"],
        "drawdown": body["drawdown"],
        "positions": [_position(marked) for marked in body.get("positions", ())],
        "timestamp": whole_seconds(body["marked_at"]),
    }
    return {"type": "portfolio_update", "channel": "portfolio_updates", "data": data, "seq": entry.seq}


def _position(marked: dict[str, str]) -> dict[str, str]:
    quantity = Decimal(marked["quantity"])
    return {
        "symbol": parse_symbol(marked["symbol"]).joined,
        "side": "LONG" if quantity >= 0 else "SHORT",
        "size": plain(abs(quantity)),
        "unrealized_pnl": marked["unrealized_pnl"],
    }


def any_event(entry: Entry) -> dict[str, Any] | None:
    """Our own channel `events`: everything."""
    data = {"kind": entry.kind, "at": entry.at, **entry.body}
    return {"type": "event", "channel": "events", "data": data, "seq": entry.seq}


CHANNELS: dict[str, Callable[[Entry], dict[str, Any] | None]] = {
    "trading_updates": trading_update,
    "portfolio_updates": portfolio_update,
    "events": any_event,
}


def message(content: dict[str, Any]) -> bytes:
    """A WebSocket frame."""
    return text_frame(orjson.dumps(content))


class WebSocketWords:
    """Contract crypto: `/ws`."""

    def entry(self, channel: str, entry: Entry) -> bytes:
        """See `CHANNELS`."""
        found = entry.shown.get(channel)
        if found is None:
            content = CHANNELS[channel](entry)
            found = entry.shown[channel] = message(content) if content else b""
        return found

    def quote(self, quote: Quote, spelling: str) -> bytes:
        """`market_data`."""
        found = quote.shown.get(spelling)
        if found is None:
            candle = quote.candle
            data = {name: candle[name] for name in ("open", "high", "low", "close", "volume")}
            data["timestamp"] = whole_seconds(candle["opened_at"])
            content = {"type": "market_data", "channel": "market_data", "symbol": spelling}
            found = quote.shown[spelling] = message({**content, "timeframe": candle["timeframe"], "data": data})
        return found

    def resync(self, first: int, last: int) -> bytes:
        """Our own."""
        return message({"type": "resync_required", "first": first, "last": last})


class EventWords:
    """Contract network: `/api/realtime/events`."""

    def entry(self, channel: str, entry: Entry) -> bytes:
        """The id is the sequence number, for `Last-Event-ID`."""
        found = entry.shown.get(channel)
        if found is None:
            content = orjson.dumps({"kind": entry.kind, "timestamp": entry.at, **entry.body})
            name = _NAMES.get(entry.kind, entry.kind).encode()
            found = entry.shown[channel] = b"id: %d\nevent: %s\ndata: %s\n\n" % (entry.seq, name, content)
        return found

    def quote(self, quote: Quote, spelling: str) -> bytes:
        """Not told here."""
        return b""

    def resync(self, first: int, last: int) -> bytes:
        """Our own."""
        return b"event: resync_required\ndata: " + orjson.dumps({"first": first, "last": last}) + b"\n\n"
