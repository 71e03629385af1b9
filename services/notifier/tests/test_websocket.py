"""The WebSocket: authentication, channels, resuming, and whatever clients may send."""

import asyncio
from typing import Any

import pytest

from millrace.common.events.market import CandleForming

AT = "2026-01-01T00:00:00Z"


def candle(close: str, symbol: str = "BTC/USDT") -> CandleForming:
    """The newest state of a candle."""
    prices = {"open": "1", "high": "9", "low": "1", "close": close, "volume": "2"}
    return CandleForming(exchange="binance", symbol=symbol, timeframe="1m", opened_at=AT, **prices)


async def test_what_happens_is_told_once_and_in_order(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    async with post.socket(user) as socket:
        await socket.send(type="subscribe", channel="events")
        await socket.ready()
        await post.tell(user, "one", "two")
        await post.tell(user, "three")
        told = [await socket.next() for _ in range(3)]
    assert [(m["seq"], m["data"]["name"]) for m in told] == [(1, "one"), (2, "two"), (3, "three")]
    assert {(m["type"], m["channel"], m["data"]["kind"]) for m in told} == {("event", "events", "bot_changed")}


async def test_a_client_that_resumes_is_told_what_it_missed_and_then_what_happens(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    await post.tell(user, *(f"bot {n}" for n in range(1, 1201)))
    async with post.socket(user, resume_from=100) as socket:
        await socket.send(type="subscribe", channel="events")
        assert [(await socket.next())["seq"] for _ in range(1100)] == list(range(101, 1201))
        await post.tell(user, "new")
        assert (await socket.next())["seq"] == 1201


async def test_entries_that_come_during_the_replay_are_neither_lost_nor_doubled(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    await post.tell(user, *(f"bot {n}" for n in range(2000)))
    async with post.socket(user, resume_from=0) as socket:
        await socket.send(type="subscribe", channel="events")
        talking = asyncio.create_task(post.tell(user, *(f"late {n}" for n in range(500))))
        seen = [(await socket.next())["seq"] for _ in range(2500)]
        await talking
    assert seen == list(range(1, 2501))


async def test_every_channel_that_resumes_is_told_without_a_gap(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    await post.tell(user, *(f"bot {n}" for n in range(20)))
    async with post.socket(user) as socket:
        await socket.send(type="subscribe", channel="events", resume_from=15)
        assert [(await socket.next())["seq"] for _ in range(5)] == [16, 17, 18, 19, 20]
        await socket.send(type="unsubscribe", channel="events")
        await socket.send(type="subscribe", channel="events", resume_from=18)
        assert [(await socket.next())["seq"] for _ in range(2)] == [19, 20]
    async with post.socket(user, resume_from=19, channels=["trading_updates", "events"]) as socket:
        assert (await socket.next())["seq"] == 20


async def test_a_channel_that_resumes_repeats_nothing_on_the_others(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    async with post.socket(user, channels=["events"]) as socket:
        await socket.ready()
        await post.tell(user, "one", "two")
        assert await socket.names(2) == ["one", "two"]
        await socket.send(type="subscribe", channel="portfolio_updates", resume_from=0)
        await socket.ready()
        await post.tell(user, "three")
        assert await socket.names(1) == ["three"]


async def test_an_entry_that_another_process_wrote_is_told_before_the_next(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    await post.tell(user, "one")
    async with post.socket(user, channels=["events"]) as socket:
        await socket.ready()
        await post.stand.rows("notifier", "update streams set seq = 2 where user_id = $1", user.id)
        again = 'insert into events select user_id, 2, kind, body || \'{"name": "other"}\', at from events'
        await post.stand.rows("notifier", again)
        await post.tell(user, "three")
        assert await socket.names(2) == ["other", "three"]


async def test_a_position_that_the_log_does_not_have_asks_for_a_resync(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    await post.tell(user, "one", "two")
    async with post.socket(user, resume_from=7, channels=["events"]) as socket:
        assert await socket.next() == {"type": "resync_required", "first": 1, "last": 2}
        await post.tell(user, "three")
        assert (await socket.next())["seq"] == 3


async def test_nothing_of_another_user_is_ever_told(start_post: Any) -> None:
    post = await start_post()
    mine, other = await post.user(), await post.user()
    await post.tell(other, "canary 1")
    async with (
        post.socket(mine, resume_from=0) as socket,
        post.events(mine, 0) as events,
        post.socket(other, channels=["events"]) as theirs,
    ):
        await theirs.ready()
        for channel in ("events", "trading_updates", "portfolio_updates"):
            await socket.send(type="subscribe", channel=channel, user_id=str(other.id))
        await socket.ready()
        await post.tell(other, "canary 2")
        await post.tell(mine, "mine")
        assert await theirs.names(1) == ["canary 2"]
        assert await socket.names(1) == ["mine"]
        assert (await events.data())["name"] == "mine"
    async with post.events(mine, 0) as events:
        assert (await events.data())["name"] == "mine"


async def test_a_market_is_shown_in_the_spelling_it_was_asked_in(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    async with post.socket(user) as socket:
        for spelling in ("BTCUSDT", "btc/usdt", "BTCUSDT"):
            await socket.send(type="subscribe", channel="market_data", symbol=spelling, timeframe=None)
        await socket.ready()
        envelope = post.stand.envelope(candle("5"))
        post.stand.bus.broadcast("market.ticks.v1", envelope)
        shown = [await socket.next() for _ in range(2)]
        assert [m["symbol"] for m in shown] == ["BTCUSDT", "btc/usdt"]
        assert shown[0]["data"]["close"] == "5.00"
        await socket.send(type="unsubscribe", channel="market_data", symbol="BTCUSDT")
        await socket.ready()
        post.stand.bus.broadcast("market.ticks.v1", envelope)
        await socket.send(type="ping")
        assert await socket.next() == {"type": "pong"}


async def test_a_client_without_a_good_token_is_shut_out_with_4401(start_post: Any) -> None:
    post = await start_post()
    refresh = (await post.user()).refresh_token
    firsts: list[dict[str, Any]] = [{"type": "auth", "token": token} for token in ("nonsense", "a.b.c", None, refresh)]
    for first in (*firsts, {"type": "subscribe", "channel": "events"}, {}):
        async with post.socket() as socket:
            await socket.send(**first)
            error = await socket.next()
            assert (error["type"], error["message"] != "") == ("error", True)
            assert (await socket.next())["close"] == 4401


async def test_a_client_that_says_nothing_is_shut_out(start_post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFIER_AUTH_SECONDS", "0.1")
    post = await start_post()
    async with post.socket() as socket:
        assert (await socket.next())["code"] == "AUTH_REQUIRED"
        assert (await socket.next())["close"] == 4401


async def test_a_token_may_come_in_the_address_a_header_or_as_subprotocol(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    url = f"http://127.0.0.1:{post.port}/api/v1/ws"
    for options in (
        {"params": {"token": user.token}},
        {"headers": {"authorization": f"Bearer {user.token}"}},
        {"protocols": ("bearer", user.token)},
    ):
        async with post.session.ws_connect(url, **options) as raw:
            await raw.send_str('{"type":"ping"}')
            assert (await raw.receive(5)).data == '{"type":"pong"}'


MEANINGLESS: list[str | bytes] = [
    "",
    "{",
    "null",
    "[]",
    '"text"',
    "NaN",
    "\x00",
    '{"type": "nonsense"}',
    '{"type": ["auth"]}',
    '{"type": "subscribe"}',
    '{"type": "subscribe", "channel": "users"}',
    '{"type": "subscribe", "channel": {"a": 1}}',
    '{"type": "subscribe", "channel": "market_data"}',
    '{"type": "subscribe", "channel": "market_data", "symbol": 7}',
    '{"type": "subscribe", "channel": "market_data", "symbol": "nothing"}',
    '{"type": "subscribe", "channel": "market_data", "symbol": "BTCUSDT", "timeframe": "7m"}',
    '{"type": "subscribe", "channel": "market_data", "symbol": "BTCUSDT", "timeframe": "1w"}',
    '{"type": "subscribe", "channel": "events", "resume_from": -1}',
    '{"type": "subscribe", "channel": "events", "resume_from": true}',
    '{"type": "subscribe", "channel": "events", "resume_from": 1e999}',
    '{"type": "subscribe", "channel": "events", "resume_from": 99999999999999999999999}',
    '{"type": "ping", "filler": "' + "x" * 20_000 + '"}',
    b"\x00\xff",
]


async def test_messages_that_mean_nothing_are_answered_with_errors_and_change_nothing(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    async with post.socket(user) as socket:
        for raw in MEANINGLESS:
            await (socket.raw.send_bytes(raw) if isinstance(raw, bytes) else socket.raw.send_str(raw))
            error = await socket.next()
            assert error["type"] == "error", raw
            assert error["code"], raw
        await post.tell(user, "not told")
        await socket.send(type="ping")
        assert await socket.next() == {"type": "pong"}


async def test_an_oversized_frame_ends_the_connection(start_post: Any) -> None:
    post = await start_post()
    async with post.socket(await post.user()) as socket:
        await socket.ready()
        await socket.raw.send_str("x" * 100_000)
        assert (await socket.next())["close"] == 1009


async def test_a_flood_of_messages_ends_the_connection_and_nobody_elses(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    async with post.socket(user) as calm, post.socket(user) as flood:
        for _ in range(1000):
            await flood.send(type="ping")
        while "close" not in (last := await flood.next()):
            assert last == {"type": "pong"}
        assert last == {"close": 1008, "reason": "too many messages"}
        await calm.ready()


async def test_more_streams_than_a_user_may_have_are_refused(start_post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFIER_STREAMS_PER_USER", "2")
    post = await start_post()
    user = await post.user()
    async with post.socket(user) as one, post.events(user), post.socket(user) as third:
        await one.ready()
        assert (await third.next())["code"] == "RATE_LIMITED"
        end = await third.next()
        assert (end["close"], end["reason"]) == (4429, "there are already 2 open streams")
        url = f"http://127.0.0.1:{post.port}/api/realtime/events"
        async with post.session.get(url, headers={"authorization": f"Bearer {user.token}"}) as answer:
            assert answer.status == 429
        async with post.socket(await post.user()) as other:
            await other.ready()
    async with post.socket(user) as again:
        await again.ready()


async def test_markets_are_limited_per_connection(start_post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFIER_MARKETS_PER_STREAM", "2")
    post = await start_post()
    async with post.socket(await post.user()) as socket:
        for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT"):
            await socket.send(type="subscribe", channel="market_data", symbol=symbol)
        assert (await socket.next())["code"] == "RATE_LIMITED"


async def test_garbage_instead_of_frames_ends_the_connection(start_post: Any) -> None:
    post = await start_post()
    reader, writer = await asyncio.open_connection("127.0.0.1", post.port)
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    writer.write(b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + key)
    assert b"101" in await reader.readline()
    writer.write(b"\xff" * 64)
    async with asyncio.timeout(5):
        while await reader.read(1000):
            pass
    writer.close()
    async with post.socket(await post.user()) as socket:
        await socket.ready()


async def test_who_connects_while_things_happen_is_told_without_a_gap(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    last = 150

    async def listen(delay: int) -> list[int]:
        async def told() -> bool:
            rows = await post.stand.rows("notifier", "select seq from streams where user_id = $1", user.id)
            return bool(rows and rows[0]["seq"] >= delay)

        await post.stand.host.until(told)
        async with post.socket(user, channels=["events"]) as socket:
            await socket.send(type="ping")
            seen: list[int] = []
            while not seen or seen[-1] < last:
                message = await socket.next()
                seen += [message["seq"]] if "seq" in message else []
            return seen

    listening = [asyncio.create_task(listen(n * 5 + 1)) for n in range(15)]
    for n in range(last):
        await post.tell(user, f"bot {n}")
        await asyncio.sleep(0)
    for seen in await asyncio.gather(*listening):
        assert seen == list(range(seen[0], last + 1))
