"""What other services answer, each in the service's own model: a shape that they change breaks the tests here."""

from typing import Any

from millrace.auth.api.schemas import SessionView, TokensView, UserView
from millrace.execution.api.account_schemas import Account, Funds
from millrace.execution.api.group_schemas import Execution, Group
from millrace.execution.api.schemas import Order
from millrace.portfolio.api.schemas import Asset, Balance, ClosedPosition, Metrics, Performance, Position, Trade
from millrace.risk.api.schemas import LimitView
from services.gateway.tests.fakes import AT, ONE, THREE, TWO, USER, told


def user(**changes: Any) -> Any:
    given = {
        "id": USER,
        "num": 7,
        "username": "ann",
        "email": "ann@example.org",
        "full_name": "Ann Lee",
        "first_name": "Ann",
        "role": "trader",
        "permissions": ["read"],
        "is_active": True,
        "currency": "ZAR",
        "contract": None,
        "origin_contract": "network",
        "two_factor_enabled": False,
        "preferences": {"theme": "dark"},
        "created_at": AT,
    }
    return told(UserView, **given | changes)


def tokens(**changes: Any) -> Any:
    given = {"access_token": "access", "refresh_token": "refresh", "token_type": "bearer", "expires_in": 3600}
    more = {"session_id": ONE, "contract": None, "hint": None, "user": user(**changes)}
    return told(TokensView, **given, **more)


def session(session_id: str) -> Any:
    device = {"ip_address": "192.0.2.7", "user_agent": "curl", "device_type": "desktop"}
    given = {"session_id": session_id, "device_info": device, "contract": None, "current": True}
    return told(SessionView, **given, created_at=AT, used_at=AT, expires_at=AT)


def bot(**changes: Any) -> dict[str, Any]:
    """As `queries.shown` makes it of a row."""
    return {
        "id": ONE,
        "num": 3,
        "user_id": str(USER),
        "account_id": TWO,
        "accounts": [],
        "name": "first",
        "base_name": "first",
        "status": "active",
        "strategy_id": THREE,
        "strategy": "grid",
        "exchange": "binance",
        "symbol": "BTC/USDT",
        "spelling": "BTC-USDT",
        "timeframe": "1h",
        "config": {"leverage": "1", "position_size": "0.25"},
        "parameters": {},
        "trading_mode": "paper",
        "risk_mode": "balanced",
        "initial_capital": "1000",
        "current_capital": "1050",
        "total_profit": "50",
        "profit": "0.05",
        "given": None,
        "given_in": None,
        "origin": "application",
        "created_at": AT,
        **changes,
    }


def account(account_id: str = ONE, **changes: Any) -> Any:
    given = {
        "id": account_id,
        "num": 1,
        "name": "paper",
        "exchange": "binance",
        "mode": "paper",
        "is_testnet": False,
        "account_type": "spot",
        "currency": "USDT",
        "initial_balance": "10000",
        "is_active": True,
        "group_id": None,
        "has_keys": False,
        "keys_valid": None,
        "last_check": None,
        "settings": {},
        "references": ["note"],
        "balances": {},
        "synced_at": None,
        "created_at": AT,
        "updated_at": AT,
        "ws_status": {"connected": True, "venue": "simulated", "markets": 2},
    }
    return told(Account, **given | changes)


def funds(**changes: Any) -> Any:
    given = {"account_id": ONE, "currency": "USDT", "balance": "900", "equity": "1000", "synced_at": AT}
    return told(Funds, **given | {"balances": {"USDT": "900", "BTC": "0.001"}, "source": "ledger"} | changes)


def group(*members: str, **changes: Any) -> Any:
    given = {
        "id": THREE,
        "num": 1,
        "name": "both",
        "description": "two of them",
        "accounts": list(members),
        "max_drawdown": "0.25",
        "target_monthly_roi": "0.05",
        "risk_limit": "0.02",
        "settings": {},
        "created_at": AT,
        "updated_at": AT,
    }
    return told(Group, **given | changes)


def order(**changes: Any) -> Any:
    given = {
        "order_id": ONE,
        "account_id": TWO,
        "bot_id": None,
        "strategy_id": None,
        "client_ref": "mine",
        "source": "user",
        "origin": "crypto",
        "exchange": "binance",
        "symbol": "BTC/USDT",
        "spelling": "BTCUSD",
        "side": "buy",
        "order_type": "limit",
        "quantity": "0.5",
        "price": "60000",
        "stop_price": None,
        "time_in_force": "gtc",
        "state": "open",
        "filled_quantity": "0.1",
        "filled_notional": "6000",
        "average_price": "60000",
        "fees": "6",
        "reason": None,
        "requested_at": AT,
        "updated_at": AT,
    }
    return told(Order, **given | changes)


def leg(number: int, account_id: str, **changes: Any) -> dict[str, Any]:
    given = {"leg": number, "account_id": account_id, "symbol": "BTC/USDT", "bot_id": None, "success": True}
    return {**given, "order": order(), "error": None, **changes}


def failed(number: int, account_id: str, code: str = "RISK_REFUSED", message: str = "too much") -> dict[str, Any]:
    error = {"code": code, "message": message, "fields": {}}
    return leg(number, account_id, success=False, order=None, error=error)


def execution(*legs: dict[str, Any], kind: str = "group") -> Any:
    good = sum(one["success"] for one in legs)
    given = {"intent_id": ONE, "correlation_id": TWO, "kind": kind, "scope": "account", "target": THREE}
    counts = {"success_count": good, "error_count": len(legs) - good, "cancelled": [], "results": legs}
    return told(Execution, **given, **counts, state="done", created_at=AT, ended_at=AT)


def balance(**changes: Any) -> Any:
    assets = [
        told(
            Asset,
            asset=name,
            wallet_balance=amount,
            unrealized_pnl="5",
            margin_balance=amount,
            available_balance=free,
            locked_balance=locked,
        )
        for name, amount, free, locked in (("USDT", "9000", "8999", "1"), ("BTC", "0.01", "0.01", "0"))
    ]
    given = {
        "account_type": "spot",
        "currency": "USDT",
        "total_wallet_balance": "9600",
        "available_balance": "9599",
        "locked_balance": "1",
        "unrealized_pnl": "5",
        "margin_balance": "9605",
        "assets": assets,
        "unpriced": [],
        "updated_at": AT,
    }
    return told(Balance, **given | changes)


def performance(**metrics: Any) -> Any:
    """A report of a month that earned five per cent."""
    names = set(Metrics.model_fields) - {"total_trades", "winning_trades", "losing_trades"}
    counted = {"total_trades": 4, "winning_trades": 3, "losing_trades": 1}
    known = {**dict.fromkeys(names), "max_drawdown": "0.125", "win_rate": "0.75", "sharpe_ratio": "1.23456"}
    return told(
        Performance,
        period="30d",
        start_date=AT,
        end_date=AT,
        currency="USDT",
        initial_balance="1000",
        final_balance="1050",
        net_deposits="0",
        total_return="50",
        total_return_fraction="0.05",
        daily_returns=[{"date": "2026-01-01", "amount": "50", "fraction": None, "balance": "1050"}],
        metrics={**known, **counted, **metrics},
    )


def _held(**changes: Any) -> dict[str, Any]:
    given = {"id": ONE, "num": 1, "account_id": TWO, "bot_id": None, "exchange": "binance", "symbol": "BTC/USDT"}
    more = {"origin": "crypto", "side": "long", "realized_pnl": "0", "fees": "1", "closed_at": None}
    return {**given, **more, "opened_at": AT, "updated_at": AT, **changes}


def position(**changes: Any) -> Any:
    given = {"quantity": "-0.5", "entry_price": "60000", "mark_price": "61000", "unrealized_pnl": "500"}
    return told(Position, **_held(**given, margin="30000", return_on_margin="0.02") | changes)


def closed_position(**changes: Any) -> Any:
    given = {"size": "0.5", "entry_price": "60000", "exit_price": "66000", "pnl": "3000", "fee": "30"}
    return told(ClosedPosition, **_held(**given, net_pnl="2970", closed_at=AT) | changes)


def trade(**changes: Any) -> Any:
    names = {"fill_id": ONE, "num": 1, "order_id": TWO, "position_id": TWO, "account_id": TWO, "bot_id": None}
    terms = {"exchange": "binance", "symbol": "BTC/USDT", "side": "sell", "price": "60000", "quantity": "0.5", "at": AT}
    money = {"fee": "1", "fee_currency": "USDT", "fee_in_quote": "1", "realized_pnl": "3", "profit_loss": "2"}
    return told(Trade, **names | terms | money | changes)


def limit(**changes: Any) -> Any:
    given = {"id": ONE, "num": 5, "user_id": USER, "account_id": None, "group_id": None, "limit_type": "drawdown"}
    values = {"limit_value": "0.2", "current_value": "0.05", "utilization": "0.25", "symbol": None}
    more = {"warning_threshold": "80", "critical_threshold": "95", "enabled": True, "source": "user"}
    return told(
        LimitView, **given | values | more | {"contract": "crypto", "created_at": AT, "updated_at": AT} | changes
    )


def page(*items: Any, total: int | None = None) -> dict[str, Any]:
    return {"items": list(items), "total": len(items) if total is None else total, "limit": 50, "offset": 0}


def bots_counted(active: int, total: int) -> Any:
    """The bots service asked how many are active, and then how many there are."""
    counts = iter([active, total] * 9)
    return lambda _: page(total=next(counts))
