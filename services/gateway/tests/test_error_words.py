"""Errors in the words of whoever asked: five envelopes, and one that all of /api/v1 can read."""

from typing import Any

import pytest
from starlette.requests import Request

from millrace.common.kernel.errors import STATUS, Code, MillraceError, not_found
from millrace.contracts.names import Contract
from millrace.gateway.api import errors
from services.gateway.tests.fakes import Reply, ask

NETWORK, APPLICATION, BOTPLATFORM, INTERFACES, CRYPTO = Contract
UNION = {"success", "detail", "code", "errors", "request_id", "timestamp", "error"}
WRONG = MillraceError(
    Code.VALIDATION_ERROR,
    "limit: must be less than or equal to 100",
    fields={"limit": "must be less than or equal to 100"},
    details={"errors": [{"loc": ["query", "limit"], "msg": "must be less than or equal to 100", "type": "less_than"}]},
)
POOR = MillraceError(Code.INSUFFICIENT_BALANCE, "not enough USDT", details={"free": "3"})


async def told(error: MillraceError, path: str = "/api/v1/orders", **scope: Any) -> Reply:
    """What is answered; `scope` holds what had been found out by then."""

    async def app(asked: Any, receive: Any, send: Any) -> None:
        await errors.render(error, Request(asked))(asked, receive, send)

    return await ask(app, "POST", path, scope={"request_id": "req_7", "path_params": {}, **scope})


@pytest.mark.parametrize("error", [WRONG, POOR, not_found("bot")], ids=["wrong", "poor", "absent"])
@pytest.mark.parametrize(
    ("contract", "keys"),
    [
        (NETWORK, {"success", "error", "error_code", "timestamp"}),
        (APPLICATION, {"success", "detail", "errors", "request_id", "timestamp"}),
        (BOTPLATFORM, {"detail", "code", "timestamp"}),
        (INTERFACES, {"error"}),
        (CRYPTO, {"error"}),
    ],
)
async def test_a_contract_has_its_own_envelope_and_no_other_key(
    contract: Contract, keys: set[str], error: MillraceError
) -> None:
    reply = await told(error, contract=contract)
    listed = contract is BOTPLATFORM and error is WRONG
    assert set(reply.body) == ({"detail"} if listed else keys)
    inner = {
        INTERFACES: {"code", "message", "details"},
        CRYPTO: {"code", "message", "details", "timestamp", "request_id"},
    }
    if contract in inner:
        assert set(reply.body["error"]) == inner[contract]


@pytest.mark.parametrize(
    ("contract", "status"), [(NETWORK, 422), (APPLICATION, 422), (BOTPLATFORM, 422), (INTERFACES, 400), (CRYPTO, 400)]
)
async def test_what_is_badly_formed_has_the_contracts_own_status(contract: Contract, status: int) -> None:
    assert (await told(WRONG, contract=contract)).status == status
    assert (await told(WRONG, owner=contract)).status == status, "by the address's owner where nothing was chosen"
    assert (await told(POOR, contract=contract)).status == 400


async def test_a_chosen_contract_counts_before_the_owner_of_the_address() -> None:
    reply = await told(WRONG, contract=CRYPTO, owner=BOTPLATFORM)
    assert (reply.status, set(reply.body)) == (400, {"error"})
    assert reply.body["error"]["details"] == {"field": "limit", "reason": "must be less than or equal to 100"}


@pytest.mark.parametrize("owner", [APPLICATION, BOTPLATFORM, INTERFACES, CRYPTO, None])
@pytest.mark.parametrize("error", [WRONG, POOR, not_found("bot")], ids=["wrong", "poor", "absent"])
async def test_without_a_choice_all_four_envelopes_are_there(owner: Contract | None, error: MillraceError) -> None:
    reply = await told(error, owner=owner)
    assert set(reply.body) == UNION
    assert set(reply.body["error"]) == {"code", "message", "details", "timestamp", "request_id"}
    assert reply.body["success"] is False
    assert reply.body["request_id"] == reply.body["error"]["request_id"] == "req_7"
    assert reply.body["error"]["message"] == error.message


@pytest.mark.parametrize("owner", [BOTPLATFORM, INTERFACES, CRYPTO, None])
async def test_the_detail_of_a_wrong_field_is_a_list(owner: Contract | None) -> None:
    reply = await told(WRONG, owner=owner)
    assert [wrong["loc"] for wrong in reply.body["detail"]] == [["query", "limit"]]
    assert reply.body["errors"] == {"limit": "must be less than or equal to 100"}


async def test_and_a_text_at_an_address_of_application() -> None:
    reply = await told(WRONG, owner=APPLICATION)
    assert reply.body["detail"] == WRONG.message
    assert reply.body["errors"] == {"limit": "must be less than or equal to 100"}
    assert (await told(POOR, owner=APPLICATION)).body["detail"] == POOR.message


async def test_the_two_codes_are_in_two_contracts_words() -> None:
    limited = MillraceError(Code.RATE_LIMITED, "too many", retry_after=3)
    reply = await told(limited)
    assert (reply.body["code"], reply.body["error"]["code"]) == ("RATE_LIMIT_EXCEEDED",) * 2
    reply = await told(MillraceError(Code.AUTH_INVALID, "no"))
    assert reply.body["code"] == "INVALID_TOKEN"
    reply = await told(not_found("strategy"), operation="strategies.start")
    assert (reply.body["code"], reply.body["error"]["code"]) == ("NOT_FOUND", "STRATEGY_NOT_FOUND")


@pytest.mark.parametrize("path", ["/api/bots", "/api/realtime/events", "/api/nothing", "/api/v2/bots"])
async def test_under_api_without_a_version_network_speaks(path: str) -> None:
    reply = await told(not_found("bot"), path)
    assert set(reply.body) == {"success", "error", "error_code", "timestamp"}
    assert (reply.status, reply.body["error_code"]) == (404, "NOT_FOUND")
    named = await told(not_found("bot"), path, contract=CRYPTO)
    assert set(named.body) == {"error"}, "who chose is told in the words they chose"


@pytest.mark.parametrize("path", ["/api/v1/bots", "/health", "/nothing", "/", "/docs/x", "/api", "/ws/v1"])
async def test_everywhere_else_the_union_does(path: str) -> None:
    assert set((await told(not_found("bot"), path)).body) == UNION


async def test_a_prefix_is_not_part_of_the_address() -> None:
    reply = await told(not_found("bot"), "/outside/api/bots", root_path="/outside")
    assert set(reply.body) == {"success", "error", "error_code", "timestamp"}


@pytest.mark.parametrize("code", list(Code))
@pytest.mark.parametrize("contract", [*Contract, None])
async def test_every_code_can_be_told_by_every_contract(code: Code, contract: Contract | None) -> None:
    reply = await told(MillraceError(code, "said so"), contract=contract)
    wanted = STATUS.get(code, 400)
    unlisted = {None: set[int](), INTERFACES: {409, 422}, CRYPTO: {409, 422}}.get(contract, {409})
    repeated = code in (Code.IDEMPOTENCY_CONFLICT, Code.IDEMPOTENCY_MISMATCH)  # which no document knows
    assert reply.status == (400 if wanted in unlisted and not repeated else wanted)
    assert "said so" in str(reply.body)
    assert ("www-authenticate" in reply.headers) == (wanted == 401)


@pytest.mark.parametrize(("seconds", "shown"), [(0.2, "1"), (1.0, "1"), (2.6, "3"), (60.0, "60")])
@pytest.mark.parametrize("contract", [*Contract, None])
async def test_a_caller_is_told_when_to_come_back(seconds: float, shown: str, contract: Contract | None) -> None:
    late = MillraceError(Code.UNAVAILABLE, "away", retry_after=seconds)
    assert (await told(late, contract=contract)).headers["retry-after"] == shown
    assert "retry-after" not in (await told(POOR, contract=contract)).headers


@pytest.mark.parametrize(
    ("query", "params", "place"),
    [
        (b"status=x", {}, "query"),
        (b"", {"status": "x"}, "path"),
        (b"", {}, "body"),
        (b"status=x", {"status": "y"}, "query"),
    ],
)
async def test_a_field_that_a_service_found_wrong_is_placed_where_it_was_sent(
    query: bytes, params: dict[str, str], place: str
) -> None:
    behind = MillraceError(Code.VALIDATION_ERROR, "status: must be known", fields={"status": "must be known"})
    reply = await told(behind, owner=BOTPLATFORM, query_string=query, path_params=params)
    assert [wrong["loc"] for wrong in reply.body["detail"]] == [[place, "status"]]


async def test_two_errors_at_the_same_time_are_the_same_to_the_byte() -> None:
    first, second = [(await told(not_found("bot"), contract=c)).body for c in (INTERFACES, INTERFACES)]
    assert first == second
