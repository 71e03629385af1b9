"""Who may call what: every endpoint of the table, and of our own, by everybody there is. Nothing is left undeclared.

A cell is either refused with the status that is declared here for its kind of caller, or gets past the door: then
anything but 401 and 403 may come of it.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from millrace.common.auth.principal import PERMISSIONS, Principal
from millrace.common.runtime.platform import Platform
from millrace.contracts.dialects import endpoints
from millrace.contracts.names import Access
from millrace.gateway.api.own import PASSED
from tests.e2e.client import Client, until

PASSWORD = "SecurePass123!"
NOBODY = ("anonymous", "nonsense", "refresh token", "expired session", "revoked session", "disabled user")
CALLERS = (*NOBODY, "viewer", "exporter", "trader", "admin", "key without scope")
ABSENT = "01a20d6d-7982-79b1-9f9c-2d7881e2698d"
ENDS_SESSION = "auth.logout"


@dataclass(frozen=True, slots=True)
class Door:
    """An endpoint and who may pass."""

    method: str
    path: str
    operation: str
    access: Access

    @property
    def place(self) -> str:
        """Its address, with an absent thing in it."""
        return "/".join("BTCUSDT" if ":path" in p else ABSENT if p.startswith("{") else p for p in self.path.split("/"))


DOORS = [
    Door(method, path, row.operation, row.access)
    for (method, path), rows in endpoints().items()
    for row in list(rows.values())[:1]
] + [Door(each.method, each.path, "own", each.access) for each in PASSED]


def allowed(caller: str, access: Access) -> int | None:
    """The status a caller is refused with; None when the door is open."""
    if access is Access.PUBLIC:
        return None
    if access is Access.SIGNATURE:
        return 401
    if caller in NOBODY:
        return 401
    needed = access.permission
    granted = {"export"} if caller == "key without scope" else PERMISSIONS[caller]
    return None if needed in granted else 403


async def user(client: Client, platform: Platform, role: str) -> str:
    """A new user's token."""
    name = f"{role}-{uuid4().hex[:8]}"
    asked = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, "role": role}
    await platform.ask("auth", "POST", "/users", json=asked)
    return await token(client, name)


async def token(client: Client, name: str, kind: str = "access_token") -> str:
    """A token of a new session."""
    client.token = ""
    status, found = await client.call("POST", "/api/v1/auth/login", {"username": name, "password": PASSWORD})
    assert status == 200, found
    return str(found[kind])


async def callers(client: Client, platform: Platform) -> dict[str, dict[str, str]]:
    """The headers of each."""
    found = {role: await user(client, platform, role) for role in ("viewer", "exporter", "trader", "admin")}
    found["nonsense"] = "a.b.c"
    name = client.name
    found["refresh token"] = await token(client, name, "refresh_token")
    found["expired session"] = await token(client, name)
    client.token = found["expired session"]
    await client.call("POST", "/api/v1/auth/logout", {})
    found["revoked session"] = await token(client, name)
    client.token = await token(client, name)
    await client.call("POST", "/api/v1/auth/sessions/terminate-others")
    gone = f"gone-{uuid4().hex[:8]}"
    asked = {"username": gone, "email": f"{gone}@example.com", "password": PASSWORD}
    made = await platform.ask("auth", "POST", "/users", json=asked)
    found["disabled user"] = await token(client, gone)
    await platform.ask("auth", "PATCH", f"/users/{made['id']}", json={"is_active": False})
    headers = {caller: {"authorization": f"Bearer {each}"} for caller, each in found.items()}
    client.token = found["trader"]
    status, key = await client.call("POST", "/api/v1/auth/api-keys", {"name": "narrow", "scopes": ["export"]})
    assert status == 201, key
    headers["key without scope"] = {"x-api-key": key["key"]}
    headers["anonymous"] = {}
    client.token = ""
    for caller in ("expired session", "revoked session", "disabled user"):

        async def refused(caller: str = caller) -> bool:
            return (await client.call("GET", "/api/v1/users/me", headers=headers[caller]))[0] == 401

        await until(refused)
    return headers


async def test_every_door_opens_for_whom_it_is_declared(platform: Platform, client: Client) -> None:
    headers = await callers(client, platform)
    assert set(headers) == set(CALLERS)
    wrong = []
    for door in DOORS:
        for caller in CALLERS:
            if door.operation == ENDS_SESSION and caller not in NOBODY:
                continue  # it would end what the next cells need; tests/e2e/test_auth.py does it
            status, body = await client.call(door.method, door.place, headers=headers[caller])
            expected = allowed(caller, door.access)
            good = status not in (401, 403) if expected is None else status == expected
            if door.access is Access.SIGNATURE:
                good = status in (401, 422)  # what is signed is read before it is known by whom
            if door.operation == ENDS_SESSION:
                good = status == 401
            if not good or status >= 500:
                wrong.append(f"{caller}: {door.method} {door.path}: {status}, not {expected}: {str(body)[:100]}")
    assert not wrong, "\n".join(wrong)


def test_every_operation_declares_its_access() -> None:
    assert all(isinstance(door.access, Access) for door in DOORS)
    assert len(DOORS) >= 133 + len(PASSED)


@pytest.mark.parametrize("role", ["viewer", "exporter", "trader", "admin"])
def test_roles_are_those_of_the_platform(role: str) -> None:
    assert role in PERMISSIONS


def anonymous(body: Any) -> Any:
    """A body without what differs between two answers to the same request."""
    if isinstance(body, dict):
        return {name: anonymous(each) for name, each in body.items() if name not in ("request_id", "timestamp")}
    return body


async def test_what_is_not_yours_looks_like_what_is_not_there(platform: Platform, client: Client) -> None:
    canary = f"canary{uuid4().hex[:10]}"
    strategy = {"name": canary, "strategy_type": "trend", "symbols": ["BTCUSDT"], "timeframes": ["1h"]}
    _, made = await client.call("POST", "/api/v1/strategies", strategy)
    bot = {"name": canary, "strategy_id": ABSENT, "exchange": "binance", "symbol": "BTCUSDT"}
    _, made_bot = await client.call("POST", "/api/v1/bots", bot)
    order = await client.order(order_type="LIMIT", price="20000", client_order_id=canary)
    account = (await platform.ask("execution", "GET", "/accounts", await principal(client)))["items"][0]["id"]
    theirs = {
        "bot_id": made_bot["id"],
        "order_id": order["id"],
        "account_id": account,
        "strategy_id": str(made["id"]),
        "id": str(made["id"]),
    }
    async with Client(client.base) as other:
        await other.register()
        for door in DOORS:
            name = next((p[1:-1].split(":")[0] for p in door.path.split("/") if p.startswith("{")), None)
            if name not in theirs or door.access in (Access.ADMIN, Access.PUBLIC, Access.SIGNATURE):
                continue
            shown = "{" + next(p for p in door.path.split("/") if p.startswith("{"))[1:-1] + "}"
            place = door.path.replace("{group_id}", ABSENT)
            mine = await other.call(door.method, place.replace(shown, theirs[name]))
            absent = await other.call(door.method, place.replace(shown, ABSENT))
            assert mine[0] == absent[0], f"{door.method} {door.path}: {mine} {absent}"
            if mine[0] == 404:
                assert anonymous(mine[1]) == anonymous(absent[1]), door
            assert canary not in str(mine[1]), door
        for door in DOORS:
            if door.method == "GET" and "{" not in door.path and door.access is Access.USER:
                _, body = await other.call("GET", door.path)
                assert canary not in str(body), door


async def principal(client: Client) -> Principal:
    """The client's user, as services know them."""
    me = await client.get("/api/v1/users/me")
    return Principal(UUID(me["id"]), me["username"], "trader")
