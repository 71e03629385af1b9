"""An answer under way is written to directly: in whole chunks, in their order, and never where that would wait."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from millrace.common.runtime.server import HttpServer, bind
from millrace.common.web.frames import Direct, direct

App = Callable[[Any, Any, Any], Awaitable[None]]


@asynccontextmanager
async def served(app: App) -> AsyncIterator[int]:
    """The port of our server with this app."""
    server = HttpServer(app, bind("127.0.0.1", 0))
    await server.start()
    try:
        yield server.port
    finally:
        await server.stop()


async def start(send: Any) -> None:
    """Begin an answer without an end."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})


def way(scope: Any) -> Direct:
    """The way that our server offers."""
    found = direct(scope)
    assert found is not None
    return found


async def test_what_is_written_directly_comes_in_order_with_what_is_sent() -> None:
    seen: list[bool] = []

    async def app(scope: Any, _: Any, send: Any) -> None:
        line = way(scope)
        seen.append(line.ready())
        await start(send)
        seen.append(line.ready())
        for number in range(100):
            if number % 2:
                line.write(b"%d " % number)
            else:
                await send({"type": "http.response.body", "body": b"%d " % number, "more_body": True})
        await send({"type": "http.response.body", "body": b"."})
        seen.append(line.ready())

    async with served(app) as port, aiohttp.ClientSession() as session:
        for _ in range(2):  # the connection is kept: the chunks were whole
            async with session.get(f"http://127.0.0.1:{port}/") as answer:
                assert await answer.text() == " ".join(map(str, range(100))) + " ."
    assert seen == [False, True, False] * 2, "only between its begin and its end"


async def test_a_client_that_does_not_read_or_is_gone_is_not_written_to() -> None:
    stalled, gone = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        line = way(scope)
        await start(send)
        async with asyncio.timeout(20):
            while line.ready():
                line.write(b"x" * 65536)
                await asyncio.sleep(0)
            stalled.set()
            await receive()
            while (await receive())["type"] != "http.disconnect":
                pass
        assert not line.ready()
        gone.set()

    async with served(app) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        async with asyncio.timeout(20):
            await stalled.wait()
            writer.transport.abort()
            await gone.wait()


async def test_an_answer_of_a_known_length_is_sent_in_turn() -> None:
    async def app(scope: Any, _: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        assert not way(scope).ready()
        await send({"type": "http.response.body", "body": b"whole"})

    async with served(app) as port:
        url = f"http://127.0.0.1:{port}/"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            assert await answer.text() == "whole"


async def test_elsewhere_there_is_no_such_way() -> None:
    assert direct({"type": "http"}) is None
