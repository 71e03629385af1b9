"""Positions, open and closed, and how they are closed by hand."""

from decimal import Decimal
from typing import Any

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.money import divided
from millrace.contracts.canonical import trading
from millrace.contracts.canonical.frame import ById, Page, Terminated
from millrace.gateway.app.asking import Asking, Handlers
from millrace.gateway.app.operations.orders import order
from millrace.gateway.app.operations.pages import rows
from millrace.gateway.app.operations.refs import origin_of, traded, uuid_of

_SAME = ("id", "account_id", "exchange", "symbol", "side", "fees", "opened_at", "updated_at")


def position(row: dict[str, Any]) -> trading.Position:
    """A position as the portfolio service tells of one: at market while it is open."""
    quantity, cost = abs(Decimal(row["quantity"])), Decimal(row["margin"])
    is_open = row["closed_at"] is None
    pnl = Decimal(row["unrealized_pnl"] if is_open else row["realized_pnl"])
    return trading.Position(
        **{name: row[name] for name in _SAME},
        quantity=quantity,
        entry_price=row["entry_price"],
        mark_price=row["mark_price"],
        pnl=pnl,
        return_on_cost=divided(pnl, cost) if cost else Decimal(0),
        return_on_margin=row["return_on_margin"],
        margin=cost,
        is_open=is_open,
        origin=origin_of(row),
    )


def closed(row: dict[str, Any]) -> trading.Position:
    """A round trip; what it brought is told before fees, as that of an open position is."""
    cost = Decimal(row["entry_price"]) * Decimal(row["size"])
    share = divided(Decimal(row["pnl"]), cost) if cost else Decimal(0)
    return trading.Position(
        **{name: row[name] for name in _SAME if name != "fees"},
        fees=row["fee"],
        quantity=row["size"],
        entry_price=row["entry_price"],
        mark_price=row["exit_price"],
        exit_price=row["exit_price"],
        pnl=row["pnl"],
        return_on_cost=share,
        return_on_margin=share,
        is_open=False,
        origin=origin_of(row),
    )


async def list_positions(asking: Asking, asked: trading.ListPositions) -> Page[trading.Position]:
    """The caller's positions, newest first: open ones, closed ones, or both, open ones before."""
    scope: dict[str, Any] = {"symbol": traded(asked.symbol)}
    if asked.account_id is not None:
        account = uuid_of(asked.account_id, "account")
        await asking.ask("execution", "GET", f"/accounts/{account}")  # the caller's own
        scope["account_id"] = account
    items: list[trading.Position] = []
    total = 0
    if asked.status in ("open", "all"):
        query = {**scope, "side": asked.side}
        found, total = await rows(asking, "portfolio", "/positions", query, asked.limit, asked.offset)
        items += [position(row) for row in found]
    if asked.status in ("closed", "all"):
        room, offset = asked.limit - len(items), max(0, asked.offset - total)  # full or not, all are counted
        found, more = await rows(asking, "portfolio", "/positions/closed", scope, room, offset)
        items += [closed(row) for row in found if asked.side in (None, row["side"])]
        total += more
    spelt = tuple(item.model_copy(update={"spelling": asked.spelling}) for item in items)
    return Page(items=spelt, total=total, limit=asked.limit, offset=asked.offset)


async def close(asking: Asking, asked: trading.ClosePosition) -> trading.Order:
    """The order that closes what an account holds of a symbol. Raises INVALID_STATE when it holds nothing."""
    sent = {"symbol": asked.spelling, "order_type": asked.order_type, "intent_id": asking.intent}
    account = uuid_of(asked.account_id, "account")
    found = await asking.ask("execution", "POST", f"/accounts/{account}/close-position", json=sent)
    placed = [leg["order"] for leg in found["results"] if leg["order"] is not None]
    if placed:
        return order(placed[0])
    for leg in found["results"]:
        raise MillraceError(Code(leg["error"]["code"]), leg["error"]["message"], fields=leg["error"]["fields"])
    raise MillraceError(Code.INVALID_STATE, f"the account holds no {asked.symbol}")


async def terminate(asking: Asking, asked: ById) -> Terminated:
    """Every order of the account is cancelled and everything it holds sold."""
    path = f"/accounts/{uuid_of(asked.id, 'account')}/terminate"
    found = await asking.ask("execution", "POST", path, json={"intent_id": asking.intent})
    errors = tuple(leg["error"]["message"] for leg in found["results"] if leg["error"])
    return Terminated(count=found["success_count"], errors=errors)


HANDLERS: Handlers = {
    "positions.list": list_positions,
    "positions.close": close,
    "accounts.terminate": terminate,
}
