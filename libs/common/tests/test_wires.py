"""Connections between services are kept, and nothing that breaks on one reaches the next question."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from millrace.common.kernel.errors import MillraceError
from millrace.common.web import wires
from millrace.common.web.http import Http

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@asynccontextmanager
async def asking(serve: Serve) -> AsyncIterator[tuple[Http, list[int]]]:
    """A client of a server whose connections `serve` answers, and how many there were."""
    opened: list[int] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(len(opened))
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        client = Http(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/within")
        yield client, opened
        client.close()


def answering(*texts: bytes) -> Serve:
    """Each request of a connection with the next of these; then the connection is closed."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for text in texts:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(text)

    return serve


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (OK, b"ok"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", b"abcde"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
    ],
)
async def test_what_a_server_may_say_is_understood(said: bytes, body: bytes) -> None:
    async with asking(answering(said, said)) as (client, opened):
        assert [(await client.request("GET", "/x")).body for _ in range(2)] == [body, body]
    assert len(opened) == 1


async def test_an_answer_may_come_in_pieces() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for at in range(len(OK)):
            writer.write(OK[at : at + 1])
            await writer.drain()
            await asyncio.sleep(0)

    async with asking(serve) as (client, _):
        assert (await client.request("GET", "/x")).body == b"ok"


async def test_a_server_that_closes_after_its_answer_is_asked_on_another_connection() -> None:
    said = OK.replace(b"\r\n", b"\r\nconnection: close\r\n", 1)
    async with asking(answering(said)) as (client, opened):
        for _ in range(3):
            assert (await client.request("POST", "/x", json={})).status == 200
    assert len(opened) == 3


async def test_a_connection_that_has_been_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "_FRESH_SECONDS", -1.0)
    async with asking(answering(OK, OK)) as (client, opened):
        for _ in range(2):
            await client.request("POST", "/x", json={})
    assert len(opened) == 2


@pytest.mark.parametrize("said", [b"nonsense\r\n\r\n", OK[:-1], b"HTTP/1.1 200 OK\r\n\r\nuntil the end"])
async def test_an_answer_that_is_none_is_an_absent_service(said: bytes) -> None:
    async with asking(answering(said)) as (client, _):
        with pytest.raises(MillraceError, match="unavailable"):
            await client.request("POST", "/x", json={})


async def test_a_late_answer_is_not_taken_for_the_next_ones() -> None:
    late = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = b"/slow" in await reader.readuntil(b"\r\n\r\n")
        if first:
            await late.wait()
        writer.write(OK.replace(b"ok", b"no") if first else OK)

    async with asking(serve) as (client, opened):
        with pytest.raises(MillraceError):
            await client.request("GET", "/slow", deadline=0.1)
        late.set()
        assert (await client.request("GET", "/x")).body == b"ok"
    assert len(opened) == 2


async def test_what_nobody_asked_for_is_not_the_next_answer() -> None:
    async with asking(answering(OK + OK.replace(b"ok", b"no"), OK)) as (client, opened):
        assert [(await client.request("GET", "/x")).body for _ in range(2)] == [b"ok", b"ok"]
    assert len(opened) == 2


async def test_no_more_than_a_hundred_are_open_at_once() -> None:
    async with asking(answering(*[OK] * 300)) as (client, opened):
        answers = await asyncio.gather(*(client.request("GET", "/x") for _ in range(300)))
    assert [answer.status for answer in answers] == [200] * 300
    assert len(opened) <= 100


async def test_a_hundred_orders_that_wait_hold_up_no_cancellation_and_no_question() -> None:
    waiting, go_on, arrived = list[bytes](), asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.readuntil(b"\r\n\r\n"):
            if asked.startswith(b"POST "):
                waiting.append(asked)
                if len(waiting) == 100:
                    arrived.set()
                await go_on.wait()
            writer.write(OK)

    async with asking(serve) as (client, _):
        orders = [asyncio.ensure_future(client.request("POST", "/orders")) for _ in range(101)]
        await asyncio.wait_for(arrived.wait(), 5)
        for method in ("GET", "DELETE"):
            assert (await client.request(method, "/orders/1", deadline=5)).status == 200
        assert len(waiting) == 100, "what makes something is bounded as before"
        go_on.set()
        assert {answer.status for answer in await asyncio.gather(*orders)} == {200}


async def test_a_path_stands_under_the_services_own_and_holds_no_second_line() -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)

    async with asking(serve) as (client, _):
        await client.request("GET", "/a b\r\nx-evil: 1/ü%20", query={"q": "\r\n"})
        with pytest.raises(ValueError, match="end of a line"):
            await client.request("GET", "/", headers={"x-one": "1\r\nx-evil: 1"})
    assert heard[0].split(b"\r\n")[0] == b"GET /within/a%20b%0D%0Ax-evil:%201/%C3%BC%20?q=%0D%0A HTTP/1.1"
    assert len(heard) == 1
