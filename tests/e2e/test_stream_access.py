"""Who may listen where: every stream that is declared, by everybody there is, wherever a credential may be put."""

from dataclasses import dataclass
from typing import Any

import aiohttp
import jwt
import pytest

from millrace.common.runtime.platform import Platform
from millrace.contracts.dialects import streams
from millrace.contracts.names import Contract
from millrace.contracts.table import Stream, Transport
from millrace.gateway.adapters.streams import _streamed
from tests.e2e.callers import CALLERS, NOBODY, permissions

STREAMS = streams()
BEFORE = ("header", "key header", "address")
PLACES = {Transport.EVENTS: BEFORE, Transport.WEBSOCKET: (*BEFORE, "subprotocol", "first message")}


@dataclass(frozen=True, slots=True)
class Answer:
    """How a client is received: a status or, on a WebSocket, the code it is closed with; open without `code`."""

    number: int
    code: str = ""


OPEN = {Transport.EVENTS: Answer(200), Transport.WEBSOCKET: Answer(101)}
REFUSED = {Transport.EVENTS: {401: 401, 403: 403}, Transport.WEBSOCKET: {401: 4401, 403: 4401}}


def declared(caller: str, stream: Stream, place: str) -> Answer:
    """What a cell must hold."""
    if caller == "internal identity" and place == "subprotocol":
        return Answer(400)  # its characters are none that a subprotocol may have
    if caller == "anonymous":
        return Answer(REFUSED[stream.transport][401], "AUTH_REQUIRED")
    if caller in NOBODY:
        return Answer(REFUSED[stream.transport][401], "AUTH_INVALID")
    if stream.access.permission not in permissions(caller):
        return Answer(REFUSED[stream.transport][403], "PERMISSION_DENIED")
    return OPEN[stream.transport]


def shown(place: str, credential: str) -> dict[str, Any]:
    """The options of a request with a credential in its place."""
    if not credential or place == "first message":
        return {"protocols": ("bearer",)} if place == "subprotocol" else {}
    ways: dict[str, dict[str, Any]] = {
        "header": {"headers": {"authorization": f"Bearer {credential}"}},
        "key header": {"headers": {"x-api-key": credential}},
        "address": {"params": {"token": credential}},
        "subprotocol": {"protocols": ("bearer", credential)},
    }
    return ways[place]


async def received(session: aiohttp.ClientSession, stream: Stream, path: str, place: str, credential: str) -> Answer:
    """What a cell holds."""
    options = shown(place, credential)
    if stream.transport is Transport.EVENTS:
        async with session.get(path, **options, timeout=aiohttp.ClientTimeout(15)) as answer:
            body = await answer.json() if answer.status != 200 else {}
            return Answer(answer.status, body.get("error_code", ""))
    try:
        opened = await session.ws_connect(path, **options)
    except aiohttp.WSServerHandshakeError as refused:
        return Answer(refused.status)
    async with opened as socket:
        if place == "first message" and credential:
            await socket.send_json({"type": "auth", "token": credential})
        await socket.send_json({"type": "ping"})
        told = await socket.receive_json(timeout=15)
        if told["type"] != "error":
            return Answer(101)
        end = await socket.receive(timeout=15)
        assert end.type is aiohttp.WSMsgType.CLOSE
        return Answer(end.data, told["code"])


@pytest.mark.parametrize("path", STREAMS)
async def test_every_stream_opens_for_whom_it_is_declared(
    platform: Platform, everybody: dict[str, str], path: str
) -> None:
    stream, wrong = STREAMS[path], []
    async with aiohttp.ClientSession(f"http://127.0.0.1:{platform.port}") as session:
        for caller in CALLERS:
            credential = everybody[caller]
            address = path.replace("{user_id}", own_id(credential)).replace("{symbol:path}", "BTCUSDT")
            if "{user_id}" in path and "key" in caller:
                address = address.replace("nobody", own_id(everybody["trader"]))
            for place in PLACES[stream.transport]:
                found = await received(session, stream, address, place, credential)
                if found != (expected := declared(caller, stream, place)):
                    wrong.append(f"{caller}, {place}: {found}, not {expected}")
    assert not wrong, "\n".join(wrong)


def own_id(credential: str) -> str:
    """Whose a token says it is."""
    try:
        return str(jwt.decode(credential, options={"verify_signature": False})["sub"])
    except jwt.PyJWTError:
        return "nobody"


def test_every_stream_that_is_served_is_declared_and_has_its_access(platform: Platform) -> None:
    api = platform.host.running["notifier"].service.api
    assert api is not None
    served = {path for route in api.routes if _streamed(path := getattr(route, "path", ""))}
    assert served == set(STREAMS)
    assert all(stream.access.permission is not None for stream in STREAMS.values())


def test_the_documents_streams_are_all_there() -> None:
    documented = {path for path, stream in STREAMS.items() if stream.contract and path == stream.path}
    assert documented == {
        *("/api/realtime/events", "/api/ws", "/ws/{user_id}", "/api/v1/ws/orders", "/api/v1/ws/market/{symbol:path}"),
        *("/ws/v1", "/ws"),
    }
    assert {stream.contract for stream in STREAMS.values()} == {None, *Contract}


def test_the_gateway_takes_what_is_declared_for_a_stream() -> None:
    assert all(_streamed(path) for path in STREAMS)
