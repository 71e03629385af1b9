"""Contract botplatform's sockets: a market by its address, and all of the user's orders."""

from typing import Any

import pytest

from millrace.common.events.trading import OrderState
from services.notifier.tests import facts

MARKET, ORDERS = "/api/v1/ws/market", "/api/v1/ws/orders"


async def test_every_order_is_told_in_text(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    async with post.socket(user, ORDERS) as socket:
        await socket.ready()
        order = facts.order(user)
        await post.stand.hear(order)
        assert await socket.next() == {
            "type": "order_update",
            "order_id": str(order.order_id),
            "status": "filled",
            "filled_quantity": "0.001",
            "timestamp": facts.TIME_MS,
        }
        await post.stand.hear(facts.order(user, OrderState.OPEN, "0", "0"))
        assert (await socket.next())["status"] == "pending"


@pytest.mark.parametrize("spelling", ["BTCUSDT", "BTC/USDT", "BTC%2FUSDT", "btc-usdt", "BTC_USDT"])
async def test_a_market_is_told_under_the_spelling_of_the_address(start_post: Any, spelling: str) -> None:
    post = await start_post()
    user = await post.user()
    async with post.socket(user, f"{MARKET}/{spelling}") as socket:
        await socket.ready()
        facts.trade(post, facts.price("2000", symbol="ETH/USDT"), facts.price("45000"))
        assert await socket.next() == {
            "type": "ticker",
            "symbol": spelling.replace("%2F", "/"),
            "price": "45000.00",
            "timestamp": facts.TIME_MS,
        }


async def test_of_a_market_at_two_exchanges_one_is_told(start_post: Any) -> None:
    post = await start_post()
    async with post.socket(await post.user(), f"{MARKET}/BTCUSDT") as socket:
        await socket.ready()
        facts.trade(post, facts.price("1", exchange="elsewhere"), facts.price("45000"))
        assert (await socket.next())["price"] == "45000.00"


@pytest.mark.parametrize("symbol", ["nothing", "BTC/BTC", "a/b/c"])
async def test_what_is_no_market_is_refused(start_post: Any, symbol: str) -> None:
    post = await start_post()
    async with post.socket(await post.user(), f"{MARKET}/{symbol}") as socket:
        assert (await socket.next())["code"] == "INVALID_SYMBOL"
        assert (await socket.next())["close"] == 4404


async def test_the_marketdata_service_says_which_markets_there_are(start_post: Any) -> None:
    post = await start_post("marketdata")
    user = await post.user()
    async with post.socket(user, f"{MARKET}/DOGEDOGE/USDT") as socket:
        assert (await socket.next())["code"] == "INVALID_SYMBOL"
        assert (await socket.next())["close"] == 4404
    async with post.socket(user, f"{MARKET}/BTC/USDT") as socket:
        await socket.ready()


@pytest.mark.parametrize("path", [ORDERS, f"{MARKET}/BTCUSDT"])
async def test_there_is_nothing_to_subscribe_to(start_post: Any, path: str) -> None:
    post = await start_post()
    async with post.socket(await post.user(), path) as socket:
        await socket.send(type="subscribe", channel="events")
        assert (await socket.next())["code"] == "VALIDATION_ERROR"
        await socket.ready()
