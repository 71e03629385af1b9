"""Contract interfaces' socket: a token first, then streams by name; markets in lists."""

from typing import Any

from services.notifier.tests import facts

PATH = "/ws/v1"


async def test_markets_are_told_flat_under_the_clients_names(start_post: Any) -> None:
    post = await start_post()
    async with post.socket(await post.user(), PATH) as socket:
        asked = {"type": "subscribe", "stream": "market_data", "exchange": "Binance"}
        await socket.send(**asked, symbols=["btc/usdt", "ETHUSDT"])
        await socket.ready()
        facts.trade(post, facts.price("1", exchange="luno"), facts.price("50000"))
        assert await socket.next() == {
            "type": "market_data",
            "symbol": "btc/usdt",
            "exchange": "Binance",
            "price": 50000.0,
            "volume": 10.5,
            "timestamp": facts.TIME,
        }
        facts.trade(post, facts.price("2000", symbol="ETH/USDT"))
        assert (await socket.next())["symbol"] == "ETHUSDT"
        await socket.send(type="unsubscribe", stream="market_data", symbols=["BTC/USDT"], exchange="binance")
        await socket.ready()
        facts.trade(post, facts.price("1"), facts.price("2001", symbol="ETH/USDT"))
        assert (await socket.next())["price"] == 2001.0


async def test_a_dollar_is_the_one_that_the_exchange_has(start_post: Any) -> None:
    post = await start_post("marketdata")
    async with post.socket(await post.user(), PATH) as socket:
        await socket.send(type="subscribe", stream="market_data", symbols=["BTC/USD"], exchange="binance")
        await socket.ready()
        facts.trade(post, facts.price("50000"))
        while (told := await socket.next())["price"] != 50000.0:
            pass
        assert (told["symbol"], told["exchange"]) == ("BTC/USD", "binance")


async def test_orders_and_alerts_are_told_once_asked_for(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    async with post.socket(user, PATH) as socket:
        await socket.ready()
        await post.stand.hear(facts.order(user), facts.alert(user))
        for stream in ("order_updates", "risk_alerts"):
            await socket.send(type="subscribe", stream=stream)
        await socket.ready()
        order = facts.order(user, filled="1", at="50000")
        await post.stand.hear(order)
        assert await socket.next() == {
            "type": "order_update",
            "order_id": str(order.order_id),
            "status": "filled",
            "filled_quantity": 1.0,
            "avg_fill_price": 50000.0,
            "timestamp": facts.TIME,
        }
        await post.stand.hear(facts.alert(user))
        assert await socket.next() == {
            "type": "risk_alert",
            "level": "warning",
            "message": "Portfolio drawdown exceeded threshold",
            "timestamp": facts.TIME,
        }
        await socket.send(type="unsubscribe", stream="order_updates")
        await socket.ready()
        await post.stand.hear(facts.order(user), facts.alert(user, "another"))
        assert (await socket.next())["message"] == "another"


WRONG: list[dict[str, Any]] = [
    {},
    {"stream": "events"},
    {"stream": ["order_updates"]},
    {"stream": "market_data"},
    {"stream": "market_data", "symbols": []},
    {"stream": "market_data", "symbols": "BTC/USD"},
    {"stream": "market_data", "symbols": [7]},
    {"stream": "market_data", "symbols": ["nothing"]},
    {"stream": "market_data", "symbols": ["BTC/USD"] * 201},
    {"stream": "market_data", "symbols": ["BTC/USD"], "exchange": 7},
]


async def test_what_means_nothing_is_an_error_and_nothing_more(start_post: Any) -> None:
    post = await start_post()
    async with post.socket(await post.user(), PATH) as socket:
        for wrong in WRONG:
            await socket.send(type="subscribe", **wrong)
            error = await socket.next()
            assert (error["type"], set(error)) == ("error", {"type", "code", "message"}), wrong
        await socket.ready()
