"""What every service's app does with requests, good and bad."""

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Annotated, Any

import pytest
import structlog
from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict, SecretStr

from millrace.common.db.work import Fenced
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.runtime.server import HttpServer, bind
from millrace.common.web.app import BODY_LIMIT, create_app
from millrace.common.web.client import InProcess
from millrace.common.web.json_body import Amount, body

CANARY = "hunter2-canary"


class Asked(BaseModel):
    """A request with a bit of everything."""

    model_config = ConfigDict(extra="forbid")

    amount: Amount
    password: SecretStr = SecretStr("")
    side: str = "buy"


def shop() -> FastAPI:
    """Takes requests, and breaks in several ways."""
    app = create_app("shop", service="shop")

    @app.post("/buy")
    async def buy(asked: Annotated[Asked, Depends(body(Asked))]) -> dict[str, str]:
        return {"amount": str(asked.amount)}

    @app.get("/number/{number}")
    async def number(number: int, limit: int = 1) -> int:
        return number * limit

    @app.get("/error/{code}")
    async def error(code: Code) -> None:
        raise MillraceError(code, "said so")

    @app.get("/crash")
    async def crash() -> None:
        raise ZeroDivisionError(f"password={CANARY}")

    @app.get("/away")
    async def away() -> None:
        raise ConnectionRefusedError(f"postgresql://millrace:{CANARY}@db")

    @app.get("/fenced")
    async def fenced() -> None:
        raise Fenced("another process leads")

    return app


@pytest.fixture
def client() -> InProcess:
    """The app, asked in process."""
    return InProcess(shop())


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """The app, on a socket."""
    server = HttpServer(shop(), bind("127.0.0.1", 0))
    await server.start()
    yield server.port
    await server.stop()


async def raw(port: int, *parts: bytes) -> bytes:
    """What the server says to these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(20):
            for part in parts:
                writer.write(part)
                await writer.drain()
            found = await reader.readuntil(b"\r\n\r\n")
            length = int(found.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            return found + await reader.readexactly(length)
    except (ConnectionResetError, BrokenPipeError):
        return b""
    finally:
        writer.close()


async def test_a_good_request_is_answered_and_carries_its_id(client: InProcess) -> None:
    first = await client.request("POST", "/buy", json={"amount": Decimal("1.50")})
    second = await client.request("POST", "/buy", json={"amount": "1.5"})
    assert (first.status, first.json()) == (200, {"amount": "1.5"})
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert first.headers["x-content-type-options"] == "nosniff"


async def test_a_request_id_that_a_client_invents_is_not_taken_over(client: InProcess) -> None:
    answer = await client.request("GET", "/number/1", headers={"x-request-id": "mine"})
    assert answer.headers["x-request-id"] != "mine"


@pytest.mark.parametrize("code", list(Code))
async def test_each_error_has_its_status_and_one_envelope(client: InProcess, code: Code) -> None:
    answer = await client.request("GET", f"/error/{code.value}")
    assert answer.status == MillraceError(code, "").status
    shown = answer.json()["error"]
    assert (shown["code"], shown["message"]) == (code.value, "said so")
    assert shown["request_id"] == answer.headers["x-request-id"]
    assert ("www-authenticate" in answer.headers) == (answer.status == 401)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("GET", "/buy", 405, "METHOD_NOT_ALLOWED"),
        ("BREW", "/buy", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/number/many", 422, "VALIDATION_ERROR"),
        ("GET", f"/number/{'9' * 5000}", 422, "VALIDATION_ERROR"),
        ("GET", "/crash", 500, "INTERNAL"),
        ("GET", "/away", 503, "UNAVAILABLE"),
        ("GET", "/fenced", 503, "UNAVAILABLE"),
    ],
)
async def test_the_frameworks_own_refusals_look_like_ours(
    client: InProcess, method: str, path: str, status: int, code: str
) -> None:
    answer = await client.request(method, path)
    assert (answer.status, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"]
    assert CANARY.encode() not in answer.body
    if status == 503:
        assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "1e999999"}, "amount"),
        ({"amount": [1]}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": 1, "side": 7}, "side"),
        ({"amount": 1, "more": 1}, "more"),
        ({"amount": 1, "password": {"deep": CANARY}}, "password"),
    ],
)
async def test_a_wrong_field_is_named_and_its_value_is_not_repeated(
    client: InProcess, asked: dict[str, Any], field: str
) -> None:
    answer = await client.request("POST", "/buy", json=asked)
    assert answer.status == 422
    assert set(answer.json()["error"]["fields"]) == {field}
    assert CANARY.encode() not in answer.body


@pytest.mark.parametrize("asked", [[], "text", 1, None, [{"amount": 1}]])
async def test_a_body_that_is_no_object_is_refused(client: InProcess, asked: Any) -> None:
    answer = await client.request("POST", "/buy", json=asked)
    assert (answer.status, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR")


async def test_a_crash_is_logged_with_the_id_that_the_caller_was_given(client: InProcess) -> None:
    with structlog.testing.capture_logs() as said:
        answer = await client.request("GET", "/crash")
    assert [line["request_id"] for line in said] == [answer.headers["x-request-id"]]


def refused_as_too_large(answer: bytes) -> bool:
    """Whether the server refused, or hung up on a client that went on sending."""
    if not answer:
        return True
    head, found = answer.split(b"\r\n\r\n")
    return head.startswith(b"HTTP/1.1 413") and json.loads(found)["error"]["code"] == "PAYLOAD_TOO_LARGE"


async def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(port: int) -> None:
    head = b"POST /buy HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % (BODY_LIMIT + 1)
    answer = await raw(port, head)
    assert answer
    assert refused_as_too_large(answer)


async def test_a_body_that_does_not_say_how_large_it_is_is_cut_off(port: int) -> None:
    head = b"POST /buy HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    assert refused_as_too_large(await raw(port, head, *([chunk] * 17)))


async def test_a_body_of_just_the_limit_is_read(port: int) -> None:
    content = b'{"amount": "1"' + b" " * (BODY_LIMIT - 15) + b"}"
    head = b"POST /buy HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(content)
    assert (await raw(port, head, content)).startswith(b"HTTP/1.1 200")


async def test_a_server_goes_on_after_every_kind_of_nonsense(port: int) -> None:
    for nonsense in (b"GET /\x00 HTTP/1.1\r\n\r\n", b"\xff\xfe\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(nonsense)
        writer.write_eof()
        await reader.read()
        writer.close()
    answer = await raw(port, b"GET /number/21?limit=2 HTTP/1.1\r\nhost: x\r\n\r\n")
    assert answer.endswith(b"\r\n\r\n42")
