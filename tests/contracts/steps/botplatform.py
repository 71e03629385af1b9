"""A client of contract botplatform, endpoint by endpoint."""

from tests.contracts.steps.step import Step

BOT = {"bot_id": "{bot}"}

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
    Step("orders.get", path={"order_id": "{order}"}, until=lambda b: b["status"] == "pending"),
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
