"""An order that is sent again under its key is one order, and its answer the same bytes."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.client import Client

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "order_type": "MARKET", "quantity": "0.001"}


async def sent(client: Client, key: str, body: Any = ORDER) -> tuple[int, bytes]:
    """The answer's status and bytes."""
    headers = {"authorization": f"Bearer {client.token}", "idempotency-key": key}
    async with client._session.post("/api/v1/orders", json=body, headers=headers) as answer:
        return answer.status, await answer.read()


async def orders(client: Client) -> int:
    """How many there are."""
    return int((await client.get("/api/v1/orders"))["total"])


async def test_a_repeated_order_is_answered_with_the_same_bytes(client: Client) -> None:
    key = uuid4().hex
    first = await sent(client, key)
    assert first[0] == 201
    assert [await sent(client, key) for _ in range(3)] == [first] * 3
    assert await orders(client) == 1
    assert (await sent(client, uuid4().hex))[1] != first[1]
    assert await orders(client) == 2


async def test_many_at_once_place_one_order(client: Client) -> None:
    key = uuid4().hex
    answers = await asyncio.gather(*(sent(client, key) for _ in range(40)))
    assert {status for status, _ in answers} <= {201, 409}
    assert len({body for status, body in answers if status == 201}) == 1
    assert await orders(client) == 1


async def test_another_order_under_the_same_key_is_refused(client: Client) -> None:
    key = uuid4().hex
    await sent(client, key)
    status, body = await sent(client, key, {**ORDER, "quantity": "0.002"})
    assert (status, b"IDEMPOTENCY_MISMATCH" in body) == (422, True)
    assert await orders(client) == 1


@pytest.mark.parametrize("wrong", [{"side": "SIDEWAYS"}, {"quantity": "0.000001"}])
async def test_a_refusal_is_repeated_too(client: Client, wrong: dict[str, str]) -> None:
    key = uuid4().hex
    first = await sent(client, key, {**ORDER, **wrong})
    assert first[0] in (400, 422)
    assert await sent(client, key, {**ORDER, **wrong}) == first
    assert await orders(client) == 0


async def test_a_key_is_its_users_own(client: Client) -> None:
    key = uuid4().hex
    await sent(client, key)
    async with Client(client.base) as other:
        await other.register()
        assert (await sent(other, key))[0] == 201
        assert (await orders(other), await orders(client)) == (1, 1)
