"""A service is asked in the same way in this process and over HTTP: one suite, both clients."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.runtime.server import HttpServer, bind
from millrace.common.web.answers import json_response
from millrace.common.web.app import create_app
from millrace.common.web.client import Answer, InProcess, ServiceClient, error_of
from millrace.common.web.http import Http


def echo_app() -> FastAPI:
    """Says what it was asked."""
    app = create_app("echo", service="echo")

    @app.api_route("/echo/{name}", methods=["GET", "POST", "DELETE"])
    async def echo(request: Request, name: str) -> Response:
        content = {
            "method": request.method,
            "name": name,
            "query": request.query_params.multi_items(),
            "header": request.headers.get("x-one"),
            "kind": request.headers.get("content-type"),
            "body": (await request.body()).decode(),
        }
        return json_response(content, headers={"X-Answer": "grüß".encode().decode("latin-1")})

    @app.get("/empty")
    async def empty() -> Response:
        return Response(status_code=204)

    @app.get("/elsewhere")
    async def elsewhere() -> Response:
        return RedirectResponse("/empty")

    @app.get("/slow")
    async def slow() -> None:
        await asyncio.sleep(1)

    @app.get("/refused")
    async def refused() -> None:
        raise MillraceError(Code.RATE_LIMITED, "too many", fields={"a": "b"}, details={"limit": 3}, retry_after=7)

    @app.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError("password=hunter2")

    return app


@pytest.fixture(params=["in process", "http"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[ServiceClient]:
    """Both ways to ask the same app."""
    app = echo_app()
    if request.param == "in process":
        yield InProcess(app)
        return
    server = HttpServer(app, bind("127.0.0.1", 0))
    await server.start()
    asked = Http(f"http://127.0.0.1:{server.port}/")
    yield asked
    asked.close()
    await server.stop()


async def test_method_path_query_headers_and_body_arrive_as_given(client: ServiceClient) -> None:
    query = {"text": "a+b &c=ü%", "many": ["1", "2"], "number": 3, "nothing": None}
    answer = await client.request(
        "POST", "/echo/BTC-USDT", json={"amount": Decimal("1.50")}, query=query, headers={"X-One": "1"}
    )
    assert answer.json() == {
        "method": "POST",
        "name": "BTC-USDT",
        "query": [["text", "a+b &c=ü%"], ["many", "1"], ["many", "2"], ["number", "3"]],
        "header": "1",
        "kind": "application/json",
        "body": '{"amount":"1.5"}',
    }


async def test_a_percent_encoded_path_is_decoded_once(client: ServiceClient) -> None:
    assert (await client.request("GET", "/echo/a%20b%2525")).json()["name"] == "a b%25"


async def test_headers_of_the_answer_have_lower_case_names(client: ServiceClient) -> None:
    answer = await client.request("GET", "/echo/x")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"].startswith("req_")
    assert all(name == name.lower() for name in answer.headers)


async def test_an_answer_without_a_body_has_no_value(client: ServiceClient) -> None:
    answer = await client.request("GET", "/empty")
    assert (answer.status, answer.value()) == (204, None)


async def test_a_redirect_is_given_back_and_not_followed(client: ServiceClient) -> None:
    answer = await client.request("GET", "/elsewhere")
    assert (answer.status, answer.headers["location"]) == (307, "/empty")


async def test_the_services_own_error_is_raised_again_with_all_it_said(client: ServiceClient) -> None:
    answer = await client.request("GET", "/refused")
    with pytest.raises(MillraceError) as raised:
        answer.value()
    error = raised.value
    assert (error.code, error.message, error.fields, error.details, error.retry_after) == (
        Code.RATE_LIMITED,
        "too many",
        {"a": "b"},
        {"limit": 3},
        7.0,
    )


async def test_a_failure_inside_the_service_is_internal_and_tells_nothing(client: ServiceClient) -> None:
    answer = await client.request("GET", "/broken")
    assert answer.status == 500
    assert b"hunter2" not in answer.body
    with pytest.raises(MillraceError, match="something went wrong") as raised:
        answer.value()
    assert raised.value.code is Code.INTERNAL


async def test_a_service_that_is_not_there_in_time_is_unavailable(client: ServiceClient) -> None:
    with pytest.raises(MillraceError) as raised:
        async with asyncio.timeout(30):
            await client.request("GET", "/slow", deadline=0.3)
    assert (raised.value.status, raised.value.retry_after) == (503, 1)


async def test_the_callers_own_timeout_is_not_mistaken_for_the_services(client: ServiceClient) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await client.request("GET", "/slow", deadline=10)


async def test_a_port_nobody_listens_on_is_unavailable() -> None:
    with pytest.raises(MillraceError) as raised:
        await Http("http://127.0.0.1:1").request("POST", "/orders", json={})
    assert raised.value.code is Code.UNAVAILABLE


@pytest.mark.parametrize(("method", "tries"), [("GET", 2), ("POST", 1), ("DELETE", 1), ("PUT", 1), ("PATCH", 1)])
async def test_only_get_is_tried_again_on_a_broken_connection(method: str, tries: int) -> None:
    seen = 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        await reader.readline()
        seen += 1
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(MillraceError):
            await Http(f"http://127.0.0.1:{port}").request(method, "/x", json={})
    assert seen == tries


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'"text"',
        b'{"error": null}',
        b'{"error": {}}',
        b'{"error": {"code": "CONFLICT"}}',
        b'{"error": {"code": "NEVER_HEARD", "message": "x"}}',
        b'{"error": {"code": "CONFLICT", "message": "x", "fields": 3}}',
    ],
)
def test_an_error_that_cannot_be_read_is_internal(body: bytes) -> None:
    error = error_of(Answer(502, {}, body))
    assert (error.code, error.status) == (Code.INTERNAL, 500)


def test_the_error_bodies_of_services_never_hold_more_than_was_said() -> None:
    body: Any = b'{"error": {"code": "CONFLICT", "message": "x", "fields": {"a": "b"}}}'
    error = error_of(Answer(409, {}, body))
    assert (error.code, error.fields, error.details, error.retry_after) == (Code.CONFLICT, {"a": "b"}, {}, None)
