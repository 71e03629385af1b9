"""How a request to an address of several contracts is read and answered: the order of what decides, by fakes."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import TypeAdapter

from libs.contracts.tests.samples import result
from millrace.contracts import select
from millrace.contracts.canonical.frame import MOST, Page
from millrace.contracts.dialects import endpoints
from millrace.contracts.names import Contract
from millrace.gateway.api.endpoints import Endpoints
from services.gateway.tests.endpoint_door import Door
from services.gateway.tests.fakes import Reply, Services, backend, clock

NETWORK, APPLICATION, BOTPLATFORM, INTERFACES, CRYPTO = Contract
LOGIN, REFRESH, LOGOUT = (f"/api/v1/auth/{name}" for name in ("login", "refresh", "logout"))
ORDERS, POSITIONS, STRATEGIES = "/api/v1/trading/orders", "/api/v1/trading/positions", "/api/v1/strategies"
ADDRESSES = sorted(select.OWNERS)
SIGN_IN = {"username": "ann", "password": "SecurePass123!"}
ORDER = {"symbol": "BTCUSDT", "quantity": 1, "price": 100}
NUMBERED, WORDED = (
    {**ORDER, "side": "buy", "type": "limit", "exchange": "binance"},
    {**ORDER, "side": "BUY", "type": "LIMIT"},
)
MOMENTUM = {"name": "m", "description": "d"}
BODIES: Mapping[tuple[str, str], Mapping[Contract, Any]] = {
    ("POST", LOGIN): dict.fromkeys(Contract, SIGN_IN),
    ("POST", REFRESH): {each: {"refresh_token": "r"} for each in Contract},
    ("POST", LOGOUT): {each: {} for each in Contract},
    ("POST", ORDERS): {INTERFACES: NUMBERED, CRYPTO: {**WORDED, "time_in_force": "GTC"}},
    ("POST", STRATEGIES): {
        INTERFACES: {**MOMENTUM, "config": {"fast": 3}},
        CRYPTO: {**MOMENTUM, "strategy_type": "momentum", "symbols": ["BTCUSDT"], "timeframes": ["1h"]},
    },
}
EVIDENCE = [
    ("POST", LOGIN, {**SIGN_IN, "device_info": {}}, "", APPLICATION),
    ("POST", LOGIN, {**SIGN_IN, "mfa_token": "1"}, "", INTERFACES),
    ("POST", LOGIN, SIGN_IN, "", None),
    ("POST", LOGOUT, {}, "", None),
    ("POST", REFRESH, {"refresh_token": "r"}, "", None),
    ("POST", ORDERS, NUMBERED, "", INTERFACES),
    ("POST", ORDERS, WORDED, "", CRYPTO),
    ("POST", STRATEGIES, {**MOMENTUM, "config": {}}, "", INTERFACES),
    ("POST", STRATEGIES, BODIES["POST", STRATEGIES][CRYPTO], "", CRYPTO),
    ("GET", POSITIONS, None, "status=open", INTERFACES),
    ("GET", POSITIONS, None, "side=LONG", CRYPTO),
    ("GET", POSITIONS, None, "", None),
    ("GET", STRATEGIES, None, "active=true", INTERFACES),
    ("GET", STRATEGIES, None, "is_active=true", CRYPTO),
    ("GET", STRATEGIES, None, "", None),
    ("GET", "/api/v1/risk/limits", None, "", None),
    ("GET", "/api/v1/health", None, "", None),
    ("GET", "/health", None, "", None),
]
UNDECIDED = [(m, p, b, q) for m, p, b, q, contract in EVIDENCE if contract is None]


def exact(reply: Reply, method: str, path: str, contract: Contract) -> bool:
    """Whether an answer is of the very form of one contract's view."""
    view = endpoints()[method, path][contract].view
    if view.status == 204:
        return reply.status == 204 and not reply.body
    TypeAdapter(view.response).validate_python(reply.body)
    return reply.status == view.status


def views() -> list[tuple[str, str, Contract]]:
    return [(method, path, contract) for method, path in ADDRESSES for contract in endpoints()[method, path]]


def test_the_shared_addresses_are_the_twelve_that_are_listed() -> None:
    shared = {place for place, rows in endpoints().items() if len(rows) > 1}
    assert shared == set(select.OWNERS)
    assert len(shared) == 12


@pytest.mark.parametrize(("method", "path", "contract"), views())
@pytest.mark.parametrize("by", ["prefix", "header", "credential"])
async def test_whoever_chose_gets_exactly_their_contract(method: str, path: str, contract: Contract, by: str) -> None:
    body = BODIES.get((method, path), {}).get(contract)
    beginning = f"/contracts/{contract}" if by == "prefix" else ""
    headers = {"X-API-Contract": str(contract)} if by == "header" else {}
    token = f"trader:{contract}" if by == "credential" else "trader"
    door = Door()
    reply = await door.ask(method, beginning + path, body, token=token, headers=headers)
    assert exact(reply, method, path, contract)
    assert reply.headers["x-api-contract"] == contract
    assert door.heard[0][0].spoken is door.heard[0][0].contract is contract


@pytest.mark.parametrize(("method", "path", "body", "query", "contract"), EVIDENCE)
async def test_without_a_choice_what_the_request_looks_like_decides(
    method: str, path: str, body: Any, query: str, contract: Contract | None
) -> None:
    door = Door()
    reply = await door.ask(method, path, body, token="trader", query=query)
    assert reply.status < 300, reply.body
    assert reply.headers["x-api-contract"] == (contract or "union")
    asking = door.heard[0][0]
    assert (asking.contract, asking.hint) == (None, contract)
    if contract is not None:
        assert exact(reply, method, path, contract)


@pytest.mark.parametrize(("method", "path", "body", "query"), UNDECIDED)
async def test_where_nothing_decides_the_answer_has_the_keys_of_all(
    method: str, path: str, body: Any, query: str
) -> None:
    rows = endpoints()[method, path]
    reply = await Door().ask(method, path, body, token="trader", query=query)
    told = [row.view.present(result(row.operation), clock().now()) for row in rows.values()]
    if isinstance(reply.body, dict):
        assert set(reply.body) == {key for body in told if isinstance(body, dict) for key in body}
    assert reply.headers["x-api-contract"] == "union"


@pytest.mark.parametrize(
    ("beginning", "header", "token", "query", "chosen"),
    [
        ("/contracts/crypto", "interfaces", "trader:interfaces", "status=open", CRYPTO),
        ("", "crypto", "trader:interfaces", "status=open", CRYPTO),
        ("", "", "trader:crypto", "status=open", CRYPTO),
        ("", "", "trader", "side=LONG", CRYPTO),
        ("", "", "trader", "", None),
    ],
)
async def test_address_then_header_then_credential_then_evidence(
    beginning: str, header: str, token: str, query: str, chosen: Contract | None
) -> None:
    headers = {"X-API-Contract": header} if header else {}
    # crypto has no `status`, and passes over what it does not know
    reply = await Door().ask("GET", beginning + POSITIONS, token=token, query=query, headers=headers)
    assert (reply.status, reply.headers["x-api-contract"]) == (200, chosen or "union")


@pytest.mark.parametrize(
    ("chosen", "method", "path", "answered"),
    [
        (BOTPLATFORM, "GET", POSITIONS, INTERFACES),
        (BOTPLATFORM, "DELETE", ORDERS + "/{order_id}", INTERFACES),
        (BOTPLATFORM, "GET", STRATEGIES, INTERFACES),
        (BOTPLATFORM, "POST", LOGOUT, INTERFACES),
        (NETWORK, "GET", POSITIONS, None),
        (NETWORK, "GET", "/health", None),
        (APPLICATION, "GET", STRATEGIES, None),
        (CRYPTO, "POST", LOGOUT, None),
        (CRYPTO, "GET", "/api/v1/bots/{bot_id}", None),
        (INTERFACES, "GET", "/api/v1/health", None),
    ],
)
async def test_a_contract_without_a_view_falls_back(
    chosen: Contract, method: str, path: str, answered: Contract | None
) -> None:
    headers = {"X-API-Contract": str(chosen)}
    reply = await Door().ask(method, path, {} if method == "POST" else None, token="trader", headers=headers)
    if answered is not None:
        assert exact(reply, method, path, answered)
    else:
        first = select.OWNERS[method, path][0]
        keys = set(TypeAdapter(endpoints()[method, path][first].view.response).json_schema()["properties"])
        assert keys <= set(reply.body)
    assert reply.headers["x-api-contract"] == chosen  # errors would be in its words


async def test_an_address_of_one_contract_is_answered_in_its_words_whatever_was_chosen() -> None:
    for header in ("", *Contract):
        reply = await Door().ask("GET", "/api/v1/users/me", token="trader", headers={"X-API-Contract": header})
        assert exact(reply, "GET", "/api/v1/users/me", BOTPLATFORM)
        assert reply.headers["x-api-contract"] == (header or "botplatform")


@pytest.mark.parametrize(
    ("operation", "method", "path", "key"),
    [
        ("bots.get", "GET", "/api/v1/bots/{bot_id}", "status"),
        ("auth.login", "POST", LOGIN, "user.id"),
        ("risk.limits", "GET", "/api/v1/risk/limits", ""),
        ("orders.cancel", "DELETE", ORDERS + "/{order_id}", "status"),
    ],
)
async def test_a_thing_is_told_in_its_makers_words(operation: str, method: str, path: str, key: str) -> None:
    body, rows, told = SIGN_IN if path == LOGIN else None, endpoints()[method, path], set()
    for maker, row in rows.items():
        made = made_through(result(operation), maker)
        own = at(row.view.present(made, clock().now()), key)
        if own is None:
            continue  # this contract does not tell of it
        for origins in (True, False):
            door = Door(origins=origins, **{operation.replace(".", "_"): made})
            reply = await door.ask(method, path, body, token="trader")
            owner = rows[select.OWNERS[method, path][0]]
            wanted = own if origins else at(owner.view.present(made, clock().now()), key)
            assert at(reply.body, key) == wanted, (maker, origins)
        told.add(str(own))
    assert len(told) > 1, "they say the same: nothing was proved"


def at(body: Any, key: str) -> Any:
    """What stands under a dotted key; without a key, of what kind the body is."""
    if not key:
        return type(body)
    for part in key.split("."):
        body = body.get(part) if isinstance(body, dict) else None
    return body


def made_through(thing: Any, contract: Contract) -> Any:
    """The same, made through a contract, wherever it keeps that."""
    for inner in ("user", "order"):
        if inner in type(thing).model_fields:
            return thing.model_copy(update={inner: made_through(getattr(thing, inner), contract)})
    return thing.model_copy(update={"origin": contract})


@pytest.mark.parametrize("path", [POSITIONS, STRATEGIES])
async def test_each_item_of_a_list_follows_its_own_maker(path: str) -> None:
    operation = next(row.operation for row in endpoints()["GET", path].values())
    one = result(operation).items[0]
    both = Page(items=tuple(one.model_copy(update={"origin": maker}) for maker in (CRYPTO, INTERFACES)), total=2)
    views = {c: row.view.present(both, clock().now()) for c, row in endpoints()["GET", path].items()}

    def items(body: Any) -> list[Any]:
        return body if isinstance(body, list) else next(value for value in body.values() if isinstance(value, list))

    shown = items((await Door(**{operation.replace(".", "_"): both}).ask("GET", path, token="trader")).body)
    clashing = [name for name in items(views[CRYPTO])[0] if name in items(views[INTERFACES])[0]]
    for number, maker in enumerate((CRYPTO, INTERFACES)):
        assert {n: shown[number][n] for n in clashing} == {n: items(views[maker])[number][n] for n in clashing}
    off = Door(origins=False, **{operation.replace(".", "_"): both})
    plain = items((await off.ask("GET", path, token="trader")).body)
    for number in (0, 1):
        assert {n: plain[number][n] for n in clashing} == {n: items(views[INTERFACES])[number][n] for n in clashing}


@pytest.mark.parametrize("path", [POSITIONS, STRATEGIES])
async def test_a_list_that_one_document_knows_no_pages_of_is_whole(path: str) -> None:
    for query, headers, limit in (
        ("", {}, MOST),
        ("limit=7", {}, 7),
        ("", {"x-api-contract": "interfaces"}, 50),
        ("", {"x-api-contract": "crypto"}, MOST),
    ):
        door = Door()
        await door.ask("GET", path, token="trader", query=query, headers=headers)
        assert door.heard[0][1].limit == limit, (query, headers)


def test_a_table_that_leaves_open_whose_values_count_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Endpoints(backend(Services()), {}, clock())
    monkeypatch.setattr(select, "OWNERS", {("GET", "/health"): (BOTPLATFORM,)})
    with pytest.raises(ValueError, match="nothing says whose values count"):
        made.routes()
