"""Nothing of another tenant is ever told, and what is theirs looks like what is not there."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from millrace.common.runtime.platform import Platform
from millrace.contracts.dialects import DIALECTS
from tests.e2e import callers
from tests.e2e.bodies import Request, requests
from tests.e2e.client import Client, until
from tests.e2e.doors import ABSENT, DOORS, Door
from tests.e2e.victim import Victim, victim

REQUESTS = requests()
NO_NUMBER = "987654321"
OVERSEES = {
    *("/api/admin/bots", "/api/admin/users", "/api/admin/bot/{bot_id}/pause", "/api/v1/users", "/api/v1/invites"),
    *("/api/v1/users/{user_id:uuid}", "/api/v1/invites/{invite_id:uuid}"),
}
"""Where an administrator sees and changes what is others'."""
NAMES_THINGS = {
    "network trades.list bot_id",
    *("application bots.connect account_id", "application bots.disconnect account_id"),
    *("application accounts.assign_group group_id", "application groups.add account_ids"),
    *("botplatform bots.create strategy_id", "botplatform orders.place bot_id", "botplatform orders.list bot_id"),
    *("botplatform backtests.create strategy_id", "botplatform backtests.list strategy_id"),
    *("interfaces orders.place strategy_id", "crypto orders.place strategy_id"),
    *("crypto predictions.list model_id", "crypto backtests.create strategy_id"),
}
"""The fields of queries and bodies that name something of a tenant's."""


@dataclass(slots=True)
class Scene:
    """A victim, everything of theirs, and what others were told on their streams meanwhile."""

    victim: Victim
    told: dict[str, str]


@pytest.fixture(scope="module")
async def scene(platform: Platform) -> AsyncIterator[Scene]:
    """All of it made while a stranger listens on every stream."""
    base = f"http://127.0.0.1:{platform.port}"
    async with Client(base) as stranger, Client(base) as theirs, aiohttp.ClientSession(base) as session:
        await stranger.register()
        me = (await stranger.get("/api/v1/users/me"))["id"]
        told: dict[str, str] = {}
        asked: list[dict[str, Any]] = [
            *({"channel": name} for name in ("trading_updates", "portfolio_updates", "events")),
            *({"stream": name} for name in ("order_updates", "risk_alerts")),
        ]

        async def hear(path: str) -> None:
            async with session.ws_connect(f"{path}?token={stranger.token}&last_event_id=0") as socket:
                for each in asked:
                    await socket.send_json({"type": "subscribe", **each})
                told[path] = ""
                async for message in socket:
                    told[path] += str(message.data)

        async def read(path: str) -> None:
            timeout = aiohttp.ClientTimeout(None)
            async with session.get(f"{path}?token={stranger.token}&last_event_id=0", timeout=timeout) as answer:
                told[path] = ""
                async for line in answer.content:
                    told[path] += line.decode()

        sockets = ["/ws", "/ws/v1", "/api/ws", "/api/v1/ws/orders", f"/ws/{me}"]
        events = ["/api/realtime/events", "/api/realtime/events/log"]
        hearing = [*map(asyncio.create_task, map(hear, sockets)), *map(asyncio.create_task, map(read, events))]

        async def open_all() -> bool:
            return len(told) == len(hearing)

        await until(open_all)
        found = await victim(platform, theirs)
        mine = await stranger.order(quantity="0.01")
        await stranger.order_with(mine["id"], "filled")
        heard = ("/ws", "/ws/v1", "/api/v1/ws/orders", "/api/realtime/events/log")

        async def told_of_mine() -> bool:
            return all(mine["id"] in told[path] for path in heard) and "trade_executed" in told["/api/ws"]

        await until(told_of_mine)
        yield Scene(found, dict(told))
        for task in hearing:
            task.cancel()
        await asyncio.gather(*hearing, return_exceptions=True)


def same(body: Any, thing: str) -> Any:
    """A body without what differs between two answers to the same request: times, and the name that was asked for."""
    if isinstance(body, dict):
        return {name: same(each, thing) for name, each in body.items() if name not in ("request_id", "timestamp")}
    if isinstance(body, list):
        return [same(each, thing) for each in body]
    return body.replace(thing, "THING") if isinstance(body, str) and len(thing) >= len(NO_NUMBER) else body


def understood(door: Door) -> list[Request]:
    """Requests that get past the reading of them."""
    return REQUESTS.get((door.method, door.path.replace(":path}", "}")), [({}, None)])


async def attacker(platform: Platform, client: Client, role: str) -> None:
    """Sign in as somebody else."""
    client.name = await callers.user(platform, role)
    client.token = await callers.token(client, client.name)
    await until(client._funded)


def open_to(role: str) -> list[Door]:
    """What they may call that shows or changes a tenant's own."""
    allowed = [door for door in DOORS if door.access.permission in callers.permissions(role)]
    return [door for door in allowed if door.path not in OVERSEES]


@pytest.mark.parametrize("role", ["trader", "admin"])
async def test_what_is_not_yours_looks_like_what_is_not_there(
    platform: Platform, client: Client, scene: Scene, role: str
) -> None:
    await attacker(platform, client, role)
    found, wrong = scene.victim, []
    for door in open_to(role):
        if not door.parameters:
            continue
        query, body = understood(door)[-1]
        theirs = {each for parameter in door.parameters for each in found.named(parameter)}
        others = found.uuids if role == "admin" else []
        absent: dict[bool, Any] = {}
        for thing in (ABSENT, NO_NUMBER, *sorted(theirs.union(others))):
            status, answer = await client.call(door.method, door.of(thing), body, params=query)
            seen = status, same(answer, thing)
            leaked = found.leaked(str(answer), thing)
            unlike = thing in theirs and status != 404
            if leaked or unlike or status >= 500 or seen != absent.setdefault(thing.isdigit(), seen):
                wrong.append(f"{door.method} {door.path} {thing}: {seen}, not {absent}; leaked {leaked}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", ["viewer", "trader", "admin"])
async def test_no_list_and_no_total_tells_of_another_tenant(
    platform: Platform, client: Client, scene: Scene, role: str
) -> None:
    await attacker(platform, client, role)
    for door in open_to(role):
        if door.method != "GET" or door.parameters:
            continue
        for query, _ in understood(door):
            _, body = await client.call("GET", door.path, params=query)
            assert not scene.victim.leaked(str(body)), door


async def test_they_themselves_see_it_everywhere(client: Client, scene: Scene) -> None:
    client.token = await callers.token(client, scene.victim.word)
    lists = [door for door in open_to("admin") if door.method == "GET" and not door.parameters]
    seen = [door.path for door in lists if scene.victim.leaked(str(await client.call("GET", door.path)))]
    assert len(seen) > 20, seen


async def test_no_stream_tells_of_another_tenant(scene: Scene) -> None:
    assert len(scene.told) == 7
    for path, text in scene.told.items():
        assert not scene.victim.leaked(text), path


def test_every_field_that_names_a_thing_is_known_here() -> None:
    found = set()
    for contract, dialect in DIALECTS.items():
        for row in dialect.rows:
            for model in (row.view.query, row.view.body):
                fields = model.model_fields if model else ()
                named = {name for name in fields if {"id", "ids"} & set(name.split("_")) and name != "client_order_id"}
                found |= {f"{contract} {row.operation} {name}" for name in named}
    assert found - NAMES_THINGS == {"network bots.list user_id"}  # an administrator looks at one user's bots
    assert found >= NAMES_THINGS


@pytest.mark.parametrize("name", sorted(NAMES_THINGS))
async def test_a_thing_of_anothers_in_a_query_or_a_body_looks_like_none(
    platform: Platform, client: Client, scene: Scene, name: str
) -> None:
    contract, operation, field = name.split()
    row = next(r for r in DIALECTS[contract].rows if r.operation == operation and _has(r, field))  # type: ignore[index]
    await attacker(platform, client, "admin")
    door = Door(row.method, row.path, row.operation, row.access)
    place = f"/contracts/{contract}{door.place}"
    query, body = next(each for each in reversed(understood(door)) if row.method == "GET" or each[1] or each[0])
    absent: dict[bool, Any] = {}
    for thing in (ABSENT, NO_NUMBER, *scene.victim.named(field)):
        value = [thing] if field.endswith("ids") else thing
        in_body = row.view.body is not None and field in row.view.body.model_fields
        asked = {**body, field: value} if in_body else body
        told = query if in_body else {**query, field: thing}
        status, answer = await client.call(row.method, place, asked, params=told)
        seen = status, same(answer, thing)
        assert status < 500
        assert not scene.victim.leaked(str(answer), thing)
        assert _shape(seen) == _shape(absent.setdefault(thing.isdigit(), seen)), f"{thing}: {seen}"


def _has(row: Any, field: str) -> bool:
    return any(model and field in model.model_fields for model in (row.view.query, row.view.body))


def _shape(seen: tuple[int, Any]) -> Any:
    """Where something is made, a success is one; else the answer is the same to the letter."""
    return seen if seen[0] >= 400 else seen[0]


async def test_another_tenants_order_id_of_ones_own_is_free(client: Client, scene: Scene) -> None:
    placed = await client.order(order_type="LIMIT", price="20000", client_order_id=scene.victim.word)
    assert placed["id"] not in scene.victim.ids.values()
    assert (await client.get("/api/v1/orders"))["total"] == 1
