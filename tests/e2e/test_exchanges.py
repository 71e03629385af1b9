"""Paper accounts at every exchange that has markets: made through contract application, traded through interfaces."""

from typing import Any
from uuid import uuid4

import pytest

from millrace.common.runtime.platform import Platform
from tests.e2e import callers
from tests.e2e.client import Client, until

KEYS = {"api_key": "paper-key-1", "api_secret": "paper-secret-1", "passphrase": "words", "is_testnet": False}


@pytest.mark.parametrize("exchange", ["kucoin", "kraken", "bybit"])
async def test_an_account_made_there_trades_at_that_market(client: Client, platform: Platform, exchange: str) -> None:
    async with Client(client.base) as admin:
        admin.token = await callers.token(admin, await callers.user(platform, "admin"))
        asked = {**KEYS, "exchange": exchange, "initial_balance": 5000}
        status, made = await admin.call("POST", "/api/v1/accounts/create", asked)
        assert (status, made["success"]) == (200, True), made
        order = await bought(admin, exchange, "interfaces")
        assert order["exchange"] == exchange
        history = await admin.get(f"/api/v1/market-data/symbols/BTCUSDT/ohlcv?exchange={exchange}&interval=1m")
        low, high = (end(candle[name] for candle in history["candles"]) for end, name in ((min, "low"), (max, "high")))
        assert low * 0.9 < order["avg_fill_price"] < high * 1.1

        async def held() -> bool:
            found = await admin.get(f"/api/v1/accounts/{made['account_id']}")
            return bool(found["account"]["balances"].get("BTC") == 0.01)

        await until(held)
        bot = {"name": "B", "strategy_id": str(uuid4()), "exchange": exchange, "symbol": "ETHUSDT"}
        status, bot = await admin.call("POST", "/api/v1/bots", bot)
        assert (status, bot["exchange"]) == (201, exchange), bot
        assert (await admin.call("POST", f"/api/v1/bots/{bot['id']}/start"))[0] == 200


async def test_without_an_account_there_nothing_is_ordered(client: Client) -> None:
    status, found = await client.call("POST", "/api/v1/trading/orders", {**ORDER, "exchange": "kraken"})
    assert (status, found["error"]["message"]) == (404, "account on kraken not found"), found


ORDER = {"symbol": "BTCUSDT", "side": "buy", "type": "market", "quantity": 0.01}


async def bought(trader: Client, exchange: str, contract: str) -> dict[str, Any]:
    """An order of a market at that exchange, once it is filled."""
    told = {"x-api-contract": contract}
    status, placed = await trader.call("POST", "/api/v1/trading/orders", {**ORDER, "exchange": exchange}, headers=told)
    assert (status, placed["status"]) == (200, "placed"), placed
    found: dict[str, Any] = {}

    async def filled() -> bool:
        _, order = await trader.call("GET", f"/api/v1/trading/orders/{placed['order_id']}", headers=told)
        found.update(order)
        assert order["status"] in ("placed", "partially_filled", "filled"), order
        return bool(order["status"] == "filled")

    await until(filled)
    return found
