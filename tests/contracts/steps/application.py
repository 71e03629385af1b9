"""A client of contract application, endpoint by endpoint."""

from tests.contracts.steps.step import Step

MONTH = {"start_date": "{month_ago}", "end_date": "{today}"}
BOT = {"bot_id": "{bot}"}
ACCOUNT = {"account_id": "{account}"}
GROUP = {"group_id": "{group}"}

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
    Step(
        "auth.login",
        {"username": "{name}", "password": "{password}", "device_info": {"device_type": "phone"}},
        keep={"token": lambda b: b["access_token"]},
    ),
    Step("auth.sessions.terminate", path={"session_id": "{session}"}),
    Step("auth.logout"),
]
