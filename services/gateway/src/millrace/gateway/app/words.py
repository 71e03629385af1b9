"""Canonical values in the words of the contracts, and back."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import instrument
from millrace.common.kernel.money import divided, plain, times
from millrace.common.kernel.symbols import parse_symbol

ORDER_STATUS = {
    "received": "pending",
    "approved": "pending",
    "submitting": "pending",
    "unknown": "pending",
    "refused": "rejected",
    "rejected": "rejected",
}
BOT_STATUS = {"created": "inactive", "active": "active", "paused": "paused", "stopped": "inactive"}


_LATER_STATUS = ("open", "partially_filled", "filled", "cancelled", "expired")
_STATES = {shown: [state for state, s in ORDER_STATUS.items() if s == shown] for shown in ORDER_STATUS.values()}
_STATES |= {state: [state] for state in _LATER_STATUS}
_STATES |= {"new": [*_STATES["pending"], "open"], "canceled": ["cancelled"]}
_BOTS = {shown: [state for state, s in BOT_STATUS.items() if s == shown] for shown in BOT_STATUS.values()}
_SIDES = {"long": ["buy"], "buy": ["buy"], "short": ["sell"], "sell": ["sell"]}


def order_states(word: str) -> list[str]:
    """The canonical states that a contract's status covers, for filters. Raises VALIDATION_ERROR."""
    return _covered(_STATES, "status", word)


def bot_states(word: str) -> list[str]:
    """The canonical states that a contract's bot status covers. Raises VALIDATION_ERROR."""
    return _covered(_BOTS, "status", word)


def position_sides(word: str) -> list[str]:
    """The sides of positions that a contract's word covers. Raises VALIDATION_ERROR."""
    return _covered(_SIDES, "side", word)


def _covered(known: dict[str, list[str]], field: str, word: str) -> list[str]:
    if word.lower() not in known:
        reason = f"must be one of {', '.join(sorted(known))}"
        raise MillraceError(Code.VALIDATION_ERROR, f"{field} {reason}", fields={field: reason})
    return known[word.lower()]


def moment(value: str | datetime) -> str:
    """ISO 8601 in UTC, whole seconds, with a Z."""
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def user(row: dict[str, Any]) -> dict[str, Any]:
    """Contract botplatform: a user."""
    names = ("id", "username", "email", "full_name", "is_active")
    return {name: row.get(name) for name in names}


def profile(row: dict[str, Any]) -> dict[str, Any]:
    """Contract botplatform: GET users/me."""
    return {**user(row), "preferences": row.get("preferences") or {}, "created_at": moment(row["created_at"])}


def bot(row: dict[str, Any], results: dict[str, str] | None = None) -> dict[str, Any]:
    """Contract botplatform: a bot; with the profit that our own console shows."""
    shown = {
        "id": row["id"],
        "name": row["name"],
        "status": BOT_STATUS.get(row["status"], row["status"]),
        "strategy_id": row["strategy_id"],
        "strategy": row["strategy"],
        "exchange": row["exchange"],
        "symbol": row["spelling"],
        "timeframe": row["timeframe"],
        "config": row["config"],
        "created_at": moment(row["created_at"]),
    }
    if results is not None:
        shown["pnl"] = plain(Decimal(results.get(row["id"], "0")).quantize(Decimal("0.01")))
    return shown


def order(row: dict[str, Any]) -> dict[str, Any]:
    """Contract botplatform: an order. Amounts are text, prices with the places of the market's tick."""
    tick = instrument(row["exchange"], row["symbol"]).tick_size
    return {
        "id": row["order_id"],
        "bot_id": row["bot_id"],
        "client_order_id": row["client_ref"],
        "exchange": row["exchange"],
        "symbol": row["spelling"],
        "side": row["side"].upper(),
        "order_type": row["order_type"].upper(),
        "quantity": row["quantity"],
        "price": _priced(row["price"], tick),
        "stop_price": _priced(row["stop_price"], tick),
        "time_in_force": row["time_in_force"].upper(),
        "status": ORDER_STATUS.get(row["state"], row["state"]),
        "reconciling": row["state"] == "unknown",
        "filled_quantity": row["filled_quantity"],
        "average_price": row["average_price"],
        "fees": row["fees"],
        "reason": row["reason"],
        "created_at": moment(row["requested_at"]),
        "updated_at": moment(row["updated_at"]),
    }


def _priced(price: str | None, tick: Decimal) -> str | None:
    if price is None:
        return None
    shown = Decimal(price).quantize(tick)
    return f"{shown:f}" if shown == Decimal(price) else price


def position(row: dict[str, Any]) -> dict[str, Any]:
    """Contracts interfaces and crypto in one: both key sets; numbers where they collide."""
    quantity, entry, mark = (Decimal(row[name]) for name in ("quantity", "entry_price", "mark_price"))
    pnl = times(quantity, mark - entry)
    cost = times(abs(quantity), entry)
    share = divided(pnl * 100, cost) if cost else Decimal(0)
    return {
        "id": row["id"],
        "bot_id": row["bot_id"],
        "symbol": parse_symbol(row["symbol"]).joined,
        "exchange": row["exchange"],
        "side": "buy" if quantity >= 0 else "sell",
        "quantity": float(abs(quantity)),
        "size": plain(abs(quantity)),
        "entry_price": float(entry.quantize(_CENT)),
        "current_price": float(mark.quantize(_CENT)),
        "mark_price": plain(mark),
        "pnl": float(pnl.quantize(_CENT)),
        "unrealized_pnl": plain(pnl.quantize(_CENT)),
        "pnl_percentage": float(share.quantize(_CENT)),
        "percentage": plain(share.quantize(_CENT)),
        "margin": plain(cost.quantize(_CENT)),
        "realized_pnl": plain(Decimal(row["realized_pnl"]).quantize(_CENT)),
        "opened_at": moment(row["opened_at"]),
        "updated_at": moment(row["updated_at"]),
    }


_CENT = Decimal("0.01")


def balance(found: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Contract crypto: GET portfolio/balance, over all accounts, in the currency of the first.

    Where accounts keep several, `currency` says so, and accounts in an `unpriced` one are left out of the totals.
    """
    assets, wallet, cash = [], Decimal(0), Decimal(0)
    rates = {name: Decimal(factor) for name, factor in found["rates"].items()}
    for row in found["items"]:
        total = Decimal(row["total"])
        worth = total if row["currency"] == row["account_currency"] else times(total, Decimal(row["price"] or 0))
        worth = times(worth, rates.get(row["account_currency"], Decimal(0)))
        wallet += worth
        cash += worth if row["currency"] == row["account_currency"] else Decimal(0)
        amount = plain(total)
        assets.append(
            {
                "asset": row["currency"],
                "wallet_balance": amount,
                "unrealized_pnl": "0",
                "margin_balance": amount,
                "available_balance": amount,
                "locked_balance": "0",
            }
        )
    return {
        "account_type": "spot",
        "total_wallet_balance": plain(wallet.quantize(_CENT)),
        "available_balance": plain(cash.quantize(_CENT)),
        "locked_balance": "0",
        "unrealized_pnl": "0",
        "margin_balance": plain(wallet.quantize(_CENT)),
        "assets": assets,
        "updated_at": moment(now),
        **_mixed(found["currency"], {row["account_currency"] for row in found["items"]}, set(rates)),
    }


def _mixed(into: str, kept: set[str], priced: set[str]) -> dict[str, Any]:
    """What is said besides of totals over several currencies; nothing where there is one alone."""
    return {"currency": into, "unpriced": sorted(kept - priced)} if kept - {into} else {}


def equity(found: dict[str, Any]) -> dict[str, Any]:
    """The curve of all accounts; what is `unpriced` is left out of it and named."""
    items = found["items"]
    points = [{"timestamp": moment(r["at"]), "equity": r["equity"], "drawdown": r["drawdown"]} for r in items]
    left_out = {"currency": found["currency"], "unpriced": found["unpriced"]} if found["unpriced"] else {}
    return {"points": points, **left_out}


def candle(row: dict[str, Any], timeframe: str) -> dict[str, Any]:
    """Contract crypto: a candle, as text."""
    quote = times(Decimal(row["close"]), Decimal(row["volume"])).quantize(_CENT)
    amounts = {name: row[name] for name in ("open", "high", "low", "close", "volume")}
    return {"timestamp": moment(row["opened_at"]), "timeframe": timeframe, **amounts, "quote_volume": plain(quote)}
