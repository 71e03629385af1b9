"""Addresses of our own: each hands its request to its service as it came, to whoever may ask."""

import re
from typing import Any
from uuid import UUID

import pytest

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.app import create_app
from millrace.contracts.dialects import endpoints
from millrace.contracts.names import Access
from millrace.gateway.api.errors import render
from millrace.gateway.api.own import PASSED, Passed, routes
from services.gateway.tests.fakes import INTENT, ONE, Once, Reply, Services, ask, backend

ROLES = {Access.USER: "viewer", Access.TRADER: "trader", Access.ADMIN: "admin"}
LESS = {Access.TRADER: ["viewer", "exporter"], Access.ADMIN: ["viewer", "exporter", "trader"]}

every = pytest.mark.parametrize("passed", PASSED, ids=lambda passed: f"{passed.method} {passed.path}")


def filled(path: str) -> str:
    """An address with its values."""
    return re.sub(r"{(\w+)(?::\w+)?}", lambda found: "approve" if found[1] == "verb" else ONE, path)


async def asked(services: Services, passed: Passed, body: Any = None, **options: Any) -> Reply:
    app = create_app("x", service="gateway", render=render)
    app.router.routes.extend(routes(backend(services)))
    return await ask(app, passed.method, filled(passed.path), body, **options)


def with_intent(passed: Passed, body: Any, intent: UUID | None = None) -> Any:
    """What a service gets of a body."""
    return {**body, "intent_id": intent and str(intent)} if passed.makes and isinstance(body, dict) else body


def answering(passed: Passed, answer: Any = None) -> Services:
    return Services({f"{passed.service} {passed.method} {filled(passed.target)}": answer or {"it": "worked"}})


@every
async def test_a_request_reaches_its_service_as_it_came(passed: Passed) -> None:
    services = answering(passed)
    writes = passed.method in ("POST", "PUT", "PATCH")
    body = {"name": "x", "amount": 1.5} if writes else None
    reply = await asked(services, passed, body, token=ROLES[passed.access], query="limit=5&status=a&status=b")
    assert (reply.status, reply.body) == (passed.status, {"it": "worked"})
    assert services.calls == [(passed.service, passed.method, filled(passed.target))]
    where = {"ip": "192.0.2.7", "device": ""} if passed.whence else {}
    assert services.last["json"] == with_intent(passed, {**body, **where} if body is not None else None)
    assert services.last["query"] == {"limit": ["5"], "status": ["a", "b"]}


@every
async def test_without_a_body_a_change_is_an_empty_object(passed: Passed) -> None:
    services = answering(passed)
    await asked(services, passed, token=ROLES[passed.access])
    where = {"ip": "192.0.2.7", "device": ""} if passed.whence else {}
    writes = passed.method in ("POST", "PUT", "PATCH")
    assert services.last["json"] == with_intent(passed, where if writes else None)


@every
async def test_whoever_may_not_is_refused_before_anything_is_read(passed: Passed) -> None:
    for role in LESS.get(passed.access, []):
        services = Services()
        reply = await asked(services, passed, b"{no json", token=role)
        assert (reply.status, reply.body["error"]["code"]) == (403, "PERMISSION_DENIED")
        assert services.calls == []


@every
@pytest.mark.parametrize("token", ["", "nonsense"])
async def test_nobody_gets_anywhere(passed: Passed, token: str) -> None:
    services = Services()
    reply = await asked(services, passed, token=token)
    assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert services.calls == []


@every
async def test_what_the_service_refuses_is_passed_on(passed: Passed) -> None:
    refused = MillraceError(Code.CONFLICT, "is there already", fields={"name": "is taken"}, retry_after=2)
    reply = await asked(answering(passed, refused), passed, token=ROLES[passed.access])
    assert (reply.status, reply.body["error"]["message"]) == (409, "is there already")
    assert reply.headers["retry-after"] == "2"


@every
def test_an_address_of_our_own_is_not_a_contracts(passed: Passed) -> None:
    own = re.sub(r"{(\w+):\w+}", r"{\1}", passed.path)
    assert (passed.method, own) not in endpoints()
    assert set(re.findall(r"{(\w+)", passed.target)) <= set(re.findall(r"{(\w+)", passed.path))
    assert passed.access in ROLES


def test_each_is_there_once() -> None:
    assert len({(passed.method, passed.path) for passed in PASSED}) == len(PASSED)


@pytest.mark.parametrize("passed", [p for p in PASSED if p.whence], ids=lambda passed: passed.path)
async def test_where_the_caller_is_cannot_be_made_up(passed: Passed) -> None:
    services = answering(passed)
    lies = {"ip": "203.0.113.1", "device": "theirs", "password": "x"}
    await asked(services, passed, lies, token="viewer", headers={"cookie": "millrace_device=mine"})
    assert services.last["json"] == {"ip": "192.0.2.7", "device": "mine", "password": "x"}


@pytest.mark.parametrize("path", ["/api/v1/bots/17/pause", "/api/v1/bots/x/skips", "/api/v1/users/7"])
async def test_an_id_that_is_none_leads_nowhere(path: str) -> None:
    app = create_app("x", service="gateway", render=render)
    app.router.routes.extend(routes(backend(Services())))
    for method in ("GET", "POST", "PATCH"):
        assert (await ask(app, method, path, {}, token="admin")).status == 404


async def test_an_id_is_written_as_the_services_do() -> None:
    passed = next(p for p in PASSED if p.path.endswith("/pause"))
    services = Services({f"bots POST /bots/{ONE}/pause": {}})
    app = create_app("x", service="gateway", render=render)
    app.router.routes.extend(routes(backend(services)))
    reply = await ask(app, "POST", passed.path.replace("{bot_id:uuid}", ONE), token="trader")
    assert (reply.status, services.calls[0][2]) == (200, f"/bots/{UUID(ONE)}/pause")


async def test_what_is_not_json_is_refused() -> None:
    passed = PASSED[0]
    for raw in (b"{", b"\xff", b"name=x"):
        services = Services()
        reply = await asked(services, passed, raw, token="viewer")
        assert (reply.status, reply.body["code"], services.calls) == (422, "VALIDATION_ERROR", [])


async def test_a_list_is_passed_on_too_and_never_gets_an_address_put_into_it() -> None:
    passed = next(p for p in PASSED if p.whence)
    services = answering(passed)
    await asked(services, passed, [1, 2], token="viewer")
    assert services.last["json"] == [1, 2]


async def keyed(services: Services, passed: Passed, once: Once, body: Any = None) -> Reply:
    """The answer to a request under a key."""
    app = create_app("x", service="gateway", render=render)
    app.router.routes.extend(routes(backend(services, once)))
    headers = {"idempotency-key": "k"}
    return await ask(app, passed.method, filled(passed.path), body, token=ROLES[passed.access], headers=headers)


@every
async def test_a_change_under_a_key_is_done_once_unless_it_has_a_password(passed: Passed) -> None:
    once, services = Once(), answering(passed)
    lie = {"intent_id": ONE} if passed.makes else None
    reply = await keyed(services, passed, once, lie)
    assert (reply.status, reply.body) == (passed.status, {"it": "worked"})
    assert len(once.keys) == (passed.method != "GET" and passed.again != "deed")
    if passed.makes:
        assert services.last["json"]["intent_id"] == INTENT


def test_what_has_a_password_or_a_secret_is_never_kept() -> None:
    for passed in PASSED:
        words = {"password", "2fa", "users"} & set(re.split(r"[/-]", passed.path))
        if passed.method == "POST" and words:
            assert passed.again == "deed", passed.path
        if passed.method in ("POST", "PUT") and re.search(r"api-keys|invites|secret", passed.path):
            assert passed.again == "refusal", passed.path


@pytest.mark.parametrize("passed", [p for p in PASSED if p.again == "refusal"], ids=lambda passed: passed.path)
async def test_a_secret_is_told_once_and_whoever_comes_again_is_refused(passed: Passed) -> None:
    once, services = Once(), answering(passed, {"key": "hush"})
    reply = await keyed(services, passed, once)
    assert (reply.status, reply.body) == (passed.status, {"key": "hush"})
    (kept,) = once.kept
    assert kept.again is not None
    assert (kept.again.status, b"IDEMPOTENCY_CONFLICT" in kept.again.body, b"hush" in kept.again.body) == (
        409,
        True,
        False,
    )
