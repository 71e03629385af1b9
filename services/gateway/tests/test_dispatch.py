"""Which contract an address, a port or a header chooses, in that order, and what every answer says of it."""

from typing import Any

import pytest
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse

from millrace.contracts.names import Contract
from millrace.gateway.api.dispatch import Dispatch
from millrace.gateway.api.errors import render
from services.gateway.tests.fakes import Reply, ask

VARY = "X-API-Contract, Authorization"
SHOWN = ("contract", "path", "root_path")


async def mirror(scope: Any, receive: Any, send: Any) -> None:
    """Answers with what it was handed."""
    told = {name: scope.get(name) for name in SHOWN}
    await JSONResponse({**told, "base": str(HTTPConnection(scope).url.path)})(scope, receive, send)


def front(app: Any = mirror, ports: dict[int, Contract] | None = None) -> Dispatch:
    return Dispatch(app, render, ports or {})


def said(reply: Reply) -> tuple[Any, str, str]:
    """The contract that the inner app saw, and the two headers."""
    return reply.body["contract"], reply.headers["x-api-contract"], reply.headers["vary"]


@pytest.mark.parametrize("contract", list(Contract))
async def test_a_prefix_chooses_and_keeps_the_path_whole(contract: Contract) -> None:
    path = f"/contracts/{contract}/api/v1/bots"
    reply = await ask(front(), "GET", path)
    assert said(reply) == (contract, contract, VARY)
    assert reply.body["path"] == reply.body["base"] == path
    assert reply.body["root_path"] == f"/contracts/{contract}"


SAYS = {"network": {"success", "error", "error_code", "timestamp"}, "crypto": {"error"}}


@pytest.mark.parametrize(("name", "status"), [("network", 422), ("crypto", 400)])
async def test_a_forbidden_character_is_refused_in_the_words_of_who_was_asked(name: str, status: int) -> None:
    refused = await ask(front(), "GET", f"/contracts/{name}/api/bots", query="platform=%00x")
    assert (refused.status, refused.headers["x-api-contract"]) == (status, name)
    assert set(refused.body) == SAYS[name]
    assert "character that is not allowed" in str(refused.body)


async def test_a_prefix_comes_after_a_root_path_that_is_there_already() -> None:
    reply = await ask(front(), "GET", "/contracts/crypto/health", scope={"root_path": "/millrace"})
    assert reply.body["root_path"] == "/millrace/contracts/crypto"


@pytest.mark.parametrize("path", ["/", "/api/v1/bots", "/contracts", "/contract/crypto/x", "/x/contracts/crypto"])
async def test_an_address_without_a_prefix_chooses_nothing(path: str) -> None:
    reply = await ask(front(), "GET", path)
    assert said(reply) == (None, "union", VARY)
    assert (reply.body["path"], reply.body["root_path"]) == (path, "")


@pytest.mark.parametrize("name", ["nobody", "Crypto", "", "crypto%20", "crypto.", "../crypto", "x" * 500])
async def test_a_prefix_that_names_no_contract_is_not_found(name: str) -> None:
    reply = await ask(front(), "GET", f"/contracts/{name}/api/v1/bots")
    assert (reply.status, reply.body["code"], reply.headers["vary"]) == (404, "NOT_FOUND", VARY)
    assert reply.headers["x-api-contract"] == "union"
    assert len(reply.body["error"]["message"]) < 100
    assert reply.body["request_id"] == reply.headers["x-request-id"] != ""


@pytest.mark.parametrize("name", ["X-API-Contract", "x-api-contract", "X-Api-Contract"])
@pytest.mark.parametrize("value", ["crypto", "CRYPTO", "Crypto", " crypto "])
async def test_a_header_chooses_in_any_case(name: str, value: str) -> None:
    assert said(await ask(front(), "GET", "/api/v1/bots", headers={name: value})) == ("crypto", "crypto", VARY)


@pytest.mark.parametrize("value", ["nobody", "crypto,network", "union", "é"])
async def test_a_header_that_names_no_contract_is_a_bad_request(value: str) -> None:
    reply = await ask(front(), "GET", "/api/v1/bots", headers={"X-API-Contract": value})
    assert (reply.status, reply.body["code"]) == (400, "INVALID_CONTRACT")
    assert reply.body["errors"]["X-API-Contract"].startswith("must be one of network,")
    assert (reply.headers["x-api-contract"], reply.headers["vary"]) == ("union", VARY)


async def test_every_answer_has_an_id_of_its_own_and_keeps_one_that_it_has() -> None:
    first, second = [(await ask(front(), "GET", "/")).headers["x-request-id"] for _ in range(2)]
    assert first != second
    assert first.startswith("req_")
    assert (await ask(front(), "GET", "/", headers={"x-request-id": "mine"})).headers["x-request-id"] != "mine"

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("x", headers={"x-request-id": scope["request_id"]})(scope, receive, send)

    assert (await ask(front(inner), "GET", "/")).headers["x-request-id"].count("req_") == 1


async def test_an_empty_header_is_like_none() -> None:
    assert said(await ask(front(), "GET", "/api/v1/bots", headers={"X-API-Contract": ""}))[0] is None


async def test_a_stream_may_say_it_in_the_query() -> None:
    assert said(await ask(front(), "GET", "/ws", query="token=x&contract=network"))[0] == "network"
    reply = await ask(front(), "GET", "/ws", query="contract=nobody")
    assert (reply.status, reply.body["code"]) == (400, "INVALID_CONTRACT")
    assert said(await ask(front(), "GET", "/ws", query="subcontract"))[0] is None


@pytest.mark.parametrize(("port", "chosen"), [(8004, "crypto"), (8001, "application"), (8000, None)])
async def test_a_port_speaks_its_contract(port: int, chosen: str | None) -> None:
    app = front(ports={8004: Contract.CRYPTO, 8001: Contract.APPLICATION})
    assert said(await ask(app, "GET", "/api/v1/bots", port=port))[0] == chosen
    unnamed = {"server": None}
    assert said(await ask(app, "GET", "/api/v1/bots", scope=unnamed))[0] is None


@pytest.mark.parametrize(
    ("path", "port", "header", "query", "chosen"),
    [
        ("/contracts/network/ws", 8004, "interfaces", "contract=application", "network"),
        ("/ws", 8004, "interfaces", "contract=application", "crypto"),
        ("/ws", 8000, "interfaces", "contract=application", "interfaces"),
        ("/ws", 8000, "", "contract=application", "application"),
        ("/ws", 8000, "", "", None),
        ("/contracts/network/ws", 8004, "nobody", "", "network"),
        ("/ws", 8004, "nobody", "contract=nobody", "crypto"),
        ("/ws", 8000, "interfaces", "contract=nobody", "interfaces"),
    ],
)
async def test_the_first_that_is_there_counts_and_the_others_are_not_looked_at(
    path: str, port: int, header: str, query: str, chosen: str | None
) -> None:
    app = front(ports={8004: Contract.CRYPTO})
    reply = await ask(app, "GET", path, port=port, query=query, headers={"x-api-contract": header})
    assert said(reply)[0] == chosen


async def test_what_an_answer_varies_with_already_stays() -> None:
    async def packed(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("x", headers={"vary": "accept-encoding"})(scope, receive, send)

    reply = await ask(front(packed), "GET", "/")
    assert reply.headers["vary"] == f"accept-encoding, {VARY}"


async def test_an_answer_says_whose_view_it_has_when_that_was_found_out_later() -> None:
    async def later(scope: Any, receive: Any, send: Any) -> None:
        scope["answered_as"] = Contract.INTERFACES
        await PlainTextResponse("x")(scope, receive, send)

    assert (await ask(front(later), "GET", "/")).headers["x-api-contract"] == "interfaces"

    async def of_a_credential(scope: Any, receive: Any, send: Any) -> None:
        scope.update(contract=Contract.CRYPTO, answered_as=Contract.INTERFACES)
        await PlainTextResponse("x")(scope, receive, send)

    assert (await ask(front(of_a_credential), "GET", "/")).headers["x-api-contract"] == "crypto"


async def test_the_beginning_and_end_of_the_process_pass_untouched() -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    await front(app)({"type": "lifespan"}, None, None)
    assert seen == [{"type": "lifespan"}]


def socket(path: str, query: bytes = b"") -> dict[str, Any]:
    """The scope of a WebSocket."""
    return {"type": "websocket", "path": path, "query_string": query, "headers": [], "server": ("127.0.0.1", 8000)}


@pytest.mark.parametrize(
    ("path", "query", "reason"),
    [("/contracts/nobody/ws", b"", "'nobody' not found"), ("/ws", b"contract=nobody", "must be one of")],
)
async def test_a_websocket_of_no_contract_is_closed(path: str, query: bytes, reason: str) -> None:
    order: list[Any] = []

    async def receive() -> Any:
        order.append("received")
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        order.append(message)

    await front()(socket(path, query), receive, send)
    first, closed = order
    assert first == "received"
    assert (closed["type"], closed["code"]) == ("websocket.close", 1008)
    assert reason in closed["reason"]
    assert len(closed["reason"].encode()) <= 123


async def test_a_websockets_messages_are_left_alone() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept", "headers": []})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = socket("/contracts/crypto/ws")
    await front(app)(scope, None, send)
    assert sent == [{"type": "websocket.accept", "headers": []}]
    assert (scope["contract"], scope["path"]) == (Contract.CRYPTO, "/contracts/crypto/ws")


WHOLE = [
    ("GET", "/", 200),
    ("GET", "/docs", 200),
    ("GET", "/docs/start.js", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/nothing", 404),
    ("GET", "/docs/nothing.js", 404),
    ("GET", "/api/v1/users/me", 401),
    ("PUT", "/api/v1/users/me", 405),
    ("GET", "/api/bots", 401),
    ("POST", "/api/v1/auth/register", 422),
    ("POST", "/api/v1/orders", 401),
]


@pytest.mark.parametrize(("method", "path", "status"), WHOLE)
async def test_every_answer_of_the_whole_gateway_says_so(start_door: Any, method: str, path: str, status: int) -> None:
    door = await start_door()
    for beginning, header, name in (("", "", None), ("/contracts/crypto", "", "crypto"), ("", "network", "network")):
        headers = {"X-API-Contract": header} if header else {}
        found, _, told = await door.ask(method, f"{beginning}{path}", headers=headers)
        assert (found, told["vary"].endswith(VARY)) == (400 if (status, name) == (422, "crypto") else status, True)
        assert told["x-api-contract"] in ({name} if name else {"union", *Contract})
