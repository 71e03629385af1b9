"""A client of contract crypto, endpoint by endpoint."""

from tests.contracts.steps.step import Step

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
