"""A client of contract interfaces, endpoint by endpoint."""

from tests.contracts.steps.step import Step

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
