"""A client of contract network, endpoint by endpoint."""

from tests.contracts.steps.step import Step

BOT = {"bot_id": "{bot}"}

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
