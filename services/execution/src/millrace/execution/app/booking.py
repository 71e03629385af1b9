"""Books what a venue reports: fills by venue trade id, once; states never backwards."""

from typing import Any

import structlog

from millrace.common.db.work import Work
from millrace.common.events.trading import FillBooked, OrderState
from millrace.common.kernel.ids import derive_id
from millrace.common.kernel.money import times
from millrace.common.telemetry import metrics
from millrace.execution.app.orders import change, tell
from millrace.execution.app.ports import Orders, VenueReport
from millrace.execution.domain.states import after_fill

log = structlog.get_logger()

_ENDINGS = {
    "accepted": OrderState.OPEN,
    "refused": OrderState.REJECTED,
    "cancelled": OrderState.CANCELLED,
    "expired": OrderState.EXPIRED,
}
_NOT_IN_BOOK = "UNKNOWN_ORDER"


async def book_reports(work: Work, reports: list[VenueReport], orders: Orders) -> list[dict[str, Any]]:
    """Apply reports in their order; returns the orders they speak of, as they are now."""
    rows = await orders.locked_by_client(work, list({r.client_order_id for r in reports}))
    fills = [_fill(rows[r.client_order_id], r) for r in reports if r.kind == "filled" and r.client_order_id in rows]
    fresh = await orders.add_fills(work, fills) if fills else set()
    by_trade = {fill["trade_id"]: fill for fill in fills}
    for report in reports:
        row = rows.get(report.client_order_id)
        if row is None:
            log.error("the venue reports an order that is not ours", client_order_id=report.client_order_id)
        elif report.kind == "filled":
            if report.trade_id in fresh:
                _book_fill(work, row, by_trade[report.trade_id], report)
        elif report.kind in _ENDINGS and report.reason != _NOT_IN_BOOK:
            change(work, row, _ENDINGS[report.kind], report.at, reason=report.reason)
    await orders.update(work, list(rows.values()))
    return list(rows.values())


def _fill(row: dict[str, Any], report: VenueReport) -> dict[str, Any]:
    assert report.price is not None
    assert report.quantity is not None
    return {
        "fill_id": derive_id(report.at, "fill", row["account_id"], report.trade_id),
        "order_id": row["order_id"],
        "account_id": row["account_id"],
        "user_id": row["user_id"],
        "trade_id": report.trade_id,
        "price": report.price,
        "quantity": report.quantity,
        "notional": times(report.price, report.quantity),
        "fee": report.fee,
        "fee_currency": row["symbol"].split("/")[1],
        "liquidity": report.liquidity,
        "filled_at": report.at,
    }


def _book_fill(work: Work, row: dict[str, Any], fill: dict[str, Any], report: VenueReport) -> None:
    row["filled_quantity"] += fill["quantity"]
    row["filled_notional"] += fill["notional"]
    row["fees"] += fill["fee"]
    state = after_fill(OrderState(row["state"]), row["quantity"], row["filled_quantity"])
    row.update(state=state.value, version=row["version"] + 1, updated_at=report.at)
    event = FillBooked(
        **fill,
        bot_id=row["bot_id"],
        origin=row["origin"],
        exchange=row["exchange"],
        symbol=row["symbol"],
        side=row["side"],
    )
    work.emit(event, at=report.at, event_id=fill["fill_id"], correlation=row["correlation"])
    work.after_commit(lambda: metrics.FILLS.labels(row["exchange"]).inc())
    tell(work, row, report.at)
