"""An entry of the log in the words of a contract's stream. None: that stream does not tell of it."""

from typing import Any

from millrace.common.events.trading import OrderState
from millrace.common.kernel.symbols import parse_symbol
from millrace.notifier.domain.hub import Entry

_STATUS = {
    OrderState.RECEIVED: "NEW",
    OrderState.APPROVED: "NEW",
    OrderState.SUBMITTING: "NEW",
    OrderState.UNKNOWN: "NEW",
    OrderState.OPEN: "NEW",
    OrderState.CANCELLED: "CANCELED",
    OrderState.REFUSED: "REJECTED",
}


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
    from decimal import Decimal

    filled = Decimal(body["filled_quantity"])
    return f"{Decimal(body['filled_notional']) / filled:.2f}" if filled else "0"


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
        "positions": [],
        "timestamp": whole_seconds(body["marked_at"]),
    }
    return {"type": "portfolio_update", "channel": "portfolio_updates", "data": data, "seq": entry.seq}


def any_event(entry: Entry) -> dict[str, Any] | None:
    """Our own channel `events`: everything."""
    return {
        "type": "event",
        "channel": "events",
        "data": {"kind": entry.kind, "at": entry.at, **entry.body},
        "seq": entry.seq,
    }


def server_sent(entry: Entry) -> tuple[str, dict[str, Any]]:
    """Contract network: event name and data of `/api/realtime/events`."""
    name = {"fill_booked": "trade_update", "bot_changed": "bot_update", "equity_marked": "overview_update"}
    return name.get(entry.kind, entry.kind), {"kind": entry.kind, "timestamp": entry.at, **entry.body}


CHANNELS = {"trading_updates": trading_update, "portfolio_updates": portfolio_update, "events": any_event}
