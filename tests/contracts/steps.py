"""One client of each contract at work: every endpoint of its document in an order that makes sense.

`{name}` in a path, query or body is what an earlier step kept under that name. A step may be repeated until its answer
holds something, for what happens in its own time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from millrace.contracts.names import Contract

Keep = dict[str, Callable[[Any], Any]]


@dataclass(frozen=True, slots=True)
class Step:
    """One request. `keep` takes values from the answer; with `until` it is asked again until that holds of it."""

    case: str
    json: Any = None
    query: dict[str, Any] = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)
    keep: Keep = field(default_factory=dict)
    until: Callable[[Any], bool] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    status: int | None = None


MONTH = {"start_date": "{month_ago}", "end_date": "{today}"}
BOT = {"bot_id": "{bot}"}
ACCOUNT = {"account_id": "{account}"}
GROUP = {"group_id": "{group}"}

NETWORK = [
    Step(
        "auth.register",
        {"email": "{name}-n@example.com", "password": "{password}", "first_name": "Ann", "role": "admin"},
    ),
    Step("auth.login", {"email": "{name}@example.com", "password": "{password}"}, keep={"token": lambda b: b["token"]}),
    Step("system.ping"),
    Step("system.status"),
    Step("system.mode.get"),
    Step("system.mode.set", {"mode": "testing"}),
    Step("system.platforms"),
    Step("platforms.health"),
    Step("providers.list"),
    Step(
        "bots.create",
        {
            "name": "Alpha Trader",
            "exchange": "binance",
            "trading_mode": "paper",
            "risk_mode": "balanced",
            "initial_capital": 1000.0,
            "strategy": "momentum",
            "user_id": "00000000-0000-0000-0000-000000000001",
        },
        keep={"bot": lambda b: b["bot"]["id"]},
    ),
    Step("bots.list", query={"platform": "binance"}),
    Step("bots.list", query={"status": "created"}),
    Step("bots.resume", path=BOT),
    Step("bots.pause", path=BOT),
    Step("trades.list", query={"bot_id": "{bot}", "limit": 5}),
    Step("metrics.overview"),
    Step("ai.chat", {"message": "What is my current portfolio status?"}),
    Step("chat.message", {"message": "Check my bots"}),
    Step("ai.chat.history", query={"limit": 10}),
    Step("ai.chat.greeting"),
    Step("ai.chat.clear"),
    Step("keys.test", {"provider": "luno", "api_key": "key", "api_secret": "secret", "passphrase": ""}, status=400),
    Step("wallet.balances"),
    Step(
        "wallet.transfer",
        {
            "from_provider": "binance",
            "to_provider": "luno",
            "amount": 10.0,
            "currency": "USDT",
            "reason": "manual_allocation",
        },
    ),
    Step("wallet.transfers"),
    Step("admin.users"),
    Step("admin.bots"),
    Step("admin.bot.pause", path=BOT),
    Step("bots.delete", path=BOT),
    Step("auth.2fa.enroll", keep={"secret": lambda b: b["secret"]}),
    Step("auth.2fa.verify", {"totp_code": "{totp}"}),
]

APPLICATION = [
    Step(
        "auth.login",
        {
            "username": "{name}",
            "password": "{password}",
            "device_info": {"ip_address": "10.0.0.1", "user_agent": "desk", "device_type": "web"},
        },
        keep={"token": lambda b: b["access_token"], "refresh": lambda b: b["refresh_token"]},
    ),
    Step("auth.me"),
    Step("auth.permissions"),
    Step("auth.refresh", {"refresh_token": "{refresh}"}),
    Step("auth.sessions", keep={"session": lambda b: b["data"]["sessions"][-1]["session_id"]}),
    Step("auth.password.reset", {"email": "{name}@example.com"}),
    Step("auth.password.reset.complete", {"token": "nobody's", "new_password": "{password}"}, status=422),
    Step("health"),
    Step("metrics"),
    Step(
        "accounts.create",
        {"exchange": "binance", "api_key": "key-of-many-letters", "api_secret": "secret", "initial_balance": 5000},
        keep={"account": lambda b: b["account_id"]},
    ),
    Step("accounts.list", query={"skip": 0, "limit": 10}),
    Step("accounts.get", path=ACCOUNT),
    Step("accounts.update-credentials", {"api_key": "another-key", "api_secret": "another"}, path=ACCOUNT),
    Step("accounts.sync-balance", path=ACCOUNT),
    Step("accounts.performance", path=ACCOUNT, query=MONTH),
    Step(
        "bots.create",
        query={"name": "desk", "base_name": "desk", "timeframe": "1h"},
        keep={"bot": lambda b: b["bot_id"]},
    ),
    Step("bots.list"),
    Step("bots.get", path=BOT),
    Step("bots.status", path=BOT, query={"status": "ACTIVE"}),
    Step("bots.connect-account", path=BOT, query=ACCOUNT),
    Step("bots.accounts", path=BOT),
    Step("bots.disconnect-account", path=BOT, query=ACCOUNT),
    Step("bots.performance", path=BOT),
    Step("bots.terminate", path=BOT),
    Step(
        "groups.create",
        {"name": "desks", "description": "all", "max_drawdown": 25.0, "target_monthly_roi": 5.0, "risk_limit": 10.0},
        keep={"group": lambda b: b["data"]["group"]["id"]},
    ),
    Step("groups.accounts.add", path={**GROUP, **ACCOUNT}),
    Step("groups.accounts.remove", path={**GROUP, **ACCOUNT}),
    Step("groups.accounts.add-many", {"account_ids": ["{account}"]}, path=GROUP),
    Step("accounts.assign-group", {"group_id": "{group}"}, path=ACCOUNT),
    Step("groups.list"),
    Step("groups.get", path=GROUP),
    Step("groups.update", {"description": "some"}, path=GROUP),
    Step("groups.performance", path=GROUP, query=MONTH),
    Step("groups.metrics", path=GROUP),
    Step("groups.history", path=GROUP, query={**MONTH, "interval": "week"}),
    Step(
        "trading.group.execute",
        {"symbol": "BTCUSDT", "side": "buy", "order_type": "market", "risk_percentage": 10, "leverage": 1},
        path=GROUP,
    ),
    Step("accounts.get", path=ACCOUNT, until=lambda b: bool(b["account"]["positions"])),
    Step(
        "trading.close-position",
        {"symbol": "BTCUSDT", "order_type": "market"},
        path=ACCOUNT,
    ),
    Step("trading.positions.closed", path=ACCOUNT, until=bool),
    Step("trading.terminate", path=ACCOUNT),
    Step("groups.delete", path=GROUP),
    Step("accounts.delete", path=ACCOUNT),
    Step("webhook.tradingview.test"),
    Step("auth.sessions.terminate", path={"session_id": "{session}"}),
    Step("auth.logout"),
]

BOTPLATFORM = [
    Step("health.root"),
    Step("health.api"),
    Step(
        "auth.register",
        {
            "username": "{name}-b",
            "email": "{name}-b@example.com",
            "password": "{password}",
            "full_name": "John Trader",
            "role": "admin",
            "is_active": False,
        },
    ),
    Step(
        "auth.login",
        {"username": "{name}", "password": "{password}"},
        keep={"token": lambda b: b["access_token"], "refresh": lambda b: b["refresh_token"]},
    ),
    Step("auth.refresh", {"refresh_token": "{refresh}"}),
    Step("users.me.get"),
    Step("users.me.update", {"full_name": "John T.", "preferences": {"theme": "light", "language": "de"}}),
    Step(
        "bots.create",
        {
            "name": "scalper",
            "strategy_id": "11111111-1111-4111-8111-111111111111",
            "exchange": "binance",
            "symbol": "BTC/USDT",
            "config": {"leverage": 1, "position_size": 0.1},
            "user_id": "00000000-0000-0000-0000-000000000001",
        },
        keep={"bot": lambda b: b["id"]},
    ),
    Step("bots.list", query={"status": "inactive", "limit": 10}),
    Step("bots.get", path=BOT),
    Step("bots.update", {"name": "scalper 2", "config": {"position_size": 0.2}}, path=BOT),
    Step("bots.start", path=BOT),
    Step("bots.stop", path=BOT),
    Step(
        "orders.create",
        {
            "bot_id": "{bot}",
            "symbol": "BTCUSDT",
            "side": "BUY",
            "order_type": "LIMIT",
            "quantity": 0.001,
            "price": 20000,
            "status": "filled",
        },
        keep={"order": lambda b: b["id"]},
    ),
    Step("orders.list", query={"bot_id": "{bot}", "symbol": "BTCUSDT"}),
    Step("orders.get", path={"order_id": "{order}"}, until=lambda b: b["status"] == "open"),
    Step("orders.cancel", path={"order_id": "{order}"}),
    Step("bots.delete", path=BOT),
    Step("market.ticker", path={"symbol": "BTC/USDT"}),
    Step("market.ticker", path={"symbol": "BTC%2FUSDT"}),
    Step("market.klines", path={"symbol": "BTCUSDT"}, query={"interval": "1h", "limit": 24}),
    Step(
        "risk.limits.create",
        {"limit_type": "POSITION_SIZE", "limit_value": 8000, "symbol": "BTCUSDT", "warning_threshold": 80},
    ),
    Step("risk.limits.list"),
    Step("risk.alerts"),
    Step("cache.health"),
    Step("cache.stats"),
    Step("cache.keys.delete", path={"pattern": "market:*"}),
    Step("jobs.health"),
    Step("jobs.stats"),
    Step(
        "jobs.create",
        {"name": "sync_portfolio", "args": {"exchange": "binance"}, "priority": "high", "max_retries": 3},
    ),
    Step(
        "backtests.create",
        {
            "strategy_id": "22222222-2222-4222-8222-222222222222",
            "symbol": "BTC/USDT",
            "start_date": "{month_ago}T00:00:00Z",
            "end_date": "{today}T00:00:00Z",
            "config": {
                "initial_capital": 10000,
                "mode": "PERCENT_EQUITY",
                "commission_rate": 0.001,
                "slippage_model": "FIXED",
            },
        },
        keep={"backtest": lambda b: b["id"]},
    ),
    Step("backtests.list", query={"limit": 5}),
    Step("backtests.get", path={"backtest_id": "{backtest}"}, until=lambda b: b["status"] == "completed"),
    Step("backtests.delete", path={"backtest_id": "{backtest}"}),
]

INTERFACES = [
    Step(
        "auth.login",
        {"username": "{name}", "password": "{password}"},
        keep={"token": lambda b: b["access_token"], "refresh": lambda b: b["refresh_token"]},
    ),
    Step("auth.refresh", {"refresh_token": "{refresh}"}),
    Step("market-data.symbols", query={"exchange": "binance"}),
    Step(
        "market-data.ohlcv",
        path={"symbol": "BTC/USD"},
        query={"exchange": "binance", "interval": "1h", "start_time": "{month_ago_unix}", "limit": 10},
    ),
    Step(
        "strategies.create",
        {"name": "mine", "description": "x", "config": {"lookback": 20}},
        keep={"strategy": lambda b: b["id"]},
    ),
    Step("strategies.list", query={"active": "false", "limit": 10}),
    Step(
        "strategies.update",
        {"name": "mine 2", "description": "y", "config": {"lookback": 30}, "is_active": False},
        path={"id": "{strategy}"},
    ),
    Step(
        "trading.orders.place",
        {
            "symbol": "BTC/USD",
            "exchange": "binance",
            "side": "buy",
            "type": "limit",
            "quantity": 0.001,
            "price": 20000,
            "time_in_force": "gtc",
        },
        keep={"order": lambda b: b["order_id"]},
    ),
    Step("trading.orders.get", path={"order_id": "{order}"}),
    Step("trading.orders.cancel", path={"order_id": "{order}"}),
    Step(
        "trading.orders.place",
        {"symbol": "BTC/USD", "exchange": "binance", "side": "buy", "type": "market", "quantity": 0.001},
    ),
    Step("trading.positions", query={"status": "open"}, until=lambda b: bool(b["positions"])),
    Step("risk.limits.get"),
    Step("risk.limits.put", {"max_position_value": 9000, "max_daily_loss": 500, "max_drawdown": 20}),
    Step("monitoring.metrics"),
    Step("monitoring.alerts", query={"status": "active"}),
    Step("auth.logout", {"refresh_token": "{refresh}"}),
]

CRYPTO = [
    Step(
        "auth.login",
        {"username": "{name}", "password": "{password}"},
        keep={"token": lambda b: b["access_token"]},
    ),
    Step("market-data.current", path={"symbol": "BTCUSDT"}, query={"timeframe": "1m", "limit": 5}),
    Step(
        "market-data.history",
        path={"symbol": "BTCUSDT"},
        query={"timeframe": "1d", "start_time": "{month_ago}T00:00:00Z", "limit": 5000},
    ),
    Step("market-data.orderbook", path={"symbol": "BTCUSDT"}, query={"limit": 10}),
    Step(
        "trading.orders.place",
        {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "quantity": "0.001",
            "price": "20000.00",
            "time_in_force": "GTC",
            "client_order_id": "my_order_123",
        },
        keep={"order": lambda b: b["order_id"]},
    ),
    Step("trading.orders.list", query={"status": "NEW", "limit": 10}),
    Step("trading.orders.cancel", path={"order_id": "{order}"}),
    Step(
        "trading.orders.place",
        {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": 0.001, "client_order_id": "2"},
    ),
    Step("trading.positions", query={"side": "LONG"}, until=lambda b: bool(b["positions"])),
    Step("portfolio.balance"),
    Step("portfolio.performance", query={"period": "30d"}),
    Step(
        "strategies.create",
        {
            "name": "mean",
            "description": "reversion",
            "strategy_type": "mean_reversion",
            "symbols": ["ETHUSDT"],
            "timeframes": ["15m", "1h"],
            "parameters": {"bb_period": 20, "bb_std": 2, "position_size": 0.1},
            "risk_parameters": {"max_position_size": 1000, "max_drawdown": 0.1},
            "is_paper_trading": True,
            "user_id": 1,
        },
        keep={"strategy": lambda b: b["id"]},
    ),
    Step("strategies.list", query={"is_active": "false"}),
    Step("strategies.start", path={"strategy_id": "{strategy}"}),
    Step("strategies.stop", path={"strategy_id": "{strategy}"}),
    Step("ml.models", keep={"model": lambda b: b["models"][0]["id"]}, until=lambda b: bool(b["models"])),
    Step("ml.predictions"),
    Step(
        "ml.train",
        {
            "start_date": "{month_ago}T00:00:00Z",
            "end_date": "{today}T00:00:00Z",
            "validation_split": 0.2,
            "hyperparameters": {"learning_rate": 0.001, "batch_size": 32, "epochs": 2, "lstm_units": 4},
        },
        path={"model_id": "{model}"},
    ),
    Step(
        "backtesting.create",
        {
            "name": "BTC Momentum",
            "strategy_id": "{strategy}",
            "start_date": "{month_ago}T00:00:00Z",
            "end_date": "{today}T00:00:00Z",
            "initial_capital": 10000,
            "symbols": ["BTCUSDT"],
            "timeframes": ["1h"],
            "parameters": {"commission": 0.001, "slippage": 0.0005, "market_impact": True},
        },
        keep={"backtest": lambda b: b["backtest_id"]},
    ),
    Step("backtesting.results", path={"backtest_id": "{backtest}"}, until=lambda b: b["status"] == "completed"),
    Step("risk.limits.list", keep={"limit": lambda b: b["limits"][0]["id"]}),
    Step("risk.limits.update", {"limit_value": 1500.0, "is_active": True}, path={"limit_id": "{limit}"}),
    Step("risk.events", query={"severity": "HIGH"}),
]

STEPS = {
    Contract.NETWORK: NETWORK,
    Contract.APPLICATION: APPLICATION,
    Contract.BOTPLATFORM: BOTPLATFORM,
    Contract.INTERFACES: INTERFACES,
    Contract.CRYPTO: CRYPTO,
}
