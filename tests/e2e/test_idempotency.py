"""An order that is sent again under its key is one order, and its answer the same bytes."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.kernel.errors import Code, MillraceError
from millrace.gateway.api.backend import Backend
from tests.e2e.client import Client

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "order_type": "MARKET", "quantity": "0.001"}


async def sent(client: Client, key: str, body: Any = ORDER, path: str = "/api/v1/orders") -> tuple[int, bytes]:
    """The answer's status and bytes."""
    headers = {"authorization": f"Bearer {client.token}", "idempotency-key": key}
    async with client._session.post(path, json=body, headers=headers) as answer:
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


@pytest.mark.parametrize("path", ["/api/v1/orders", "/contracts/crypto/api/v1/trading/orders"])
async def test_what_risk_refused_is_refused_again_with_the_same_bytes_and_is_one_order(
    client: Client, path: str
) -> None:
    key = uuid4().hex
    order = {"symbol": "BTCUSDT", "side": "BUY", "order_type": "LIMIT", "quantity": "5", "price": "20000"}
    if "crypto" in path:
        order["type"] = order.pop("order_type")
    first = await sent(client, key, order, path)
    assert (first[0], b"INSUFFICIENT_BALANCE" in first[1]) == (400, True)
    assert [await sent(client, key, order, path) for _ in range(2)] == [first] * 2
    assert [one["status"] for one in (await client.get("/api/v1/orders"))["items"]] == ["rejected"]


async def test_a_key_is_its_users_own(client: Client) -> None:
    key = uuid4().hex
    await sent(client, key)
    async with Client(client.base) as other:
        await other.register()
        assert (await sent(other, key))[0] == 201
        assert (await orders(other), await orders(client)) == (1, 1)


NONE = "11111111-1111-4111-8111-111111111111"
RUN = {"start_date": "2024-01-02T00:00:00Z", "end_date": "2024-01-05T00:00:00Z", "initial_capital": 1000}
MADE: dict[str, tuple[str, Any, str]] = {
    "bots": ("/api/v1/bots", {"name": "b", "strategy_id": NONE, "exchange": "binance", "symbol": "BTC/USDT"}, "items"),
    "backtests": ("/api/v1/backtests", {"strategy_id": NONE, "symbol": "BTC/USDT", **RUN}, "items"),
    "strategies": ("/api/v1/strategies", {"name": "s", "strategy_type": "trend", "symbols": ["BTCUSDT"]}, "strategies"),
    "limits": (
        "/api/v1/risk/limits",
        {"limit_type": "POSITION_SIZE", "limit_value": "900", "symbol": "BTC/USDT"},
        "limits",
    ),
    "api keys": ("/api/v1/auth/api-keys", {"name": "k"}, "api_keys"),
}
"""What users make: where, of what, and where it is listed. Orders have the tests above."""


@pytest.fixture
def lose(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[Any]]:
    """`lose(path)`: the next answer to a POST there is lost between its service and the gateway; gives those."""

    def losing(path: str) -> list[Any]:
        whole, lost = Backend.ask, list[Any]()

        async def ask(self: Backend, service: str, method: str, where: str, *rest: Any, **options: Any) -> Any:
            found = await whole(self, service, method, where, *rest, **options)
            if method == "POST" and where.endswith(path) and not lost:
                lost.append(found)
                raise MillraceError(Code.UNAVAILABLE, "the answer is lost")
            return found

        monkeypatch.setattr(Backend, "ask", ask)
        return lost

    return losing


async def listed(client: Client, path: str, name: str) -> list[Any]:
    """What there is of something."""
    found = await client.get(path)
    return list(found[name] if isinstance(found, dict) else found)


@pytest.mark.parametrize("kind", MADE)
async def test_what_was_made_before_its_answer_was_lost_is_not_made_again(
    client: Client, lose: Callable[[str], list[Any]], kind: str
) -> None:
    path, body, name = MADE[kind]
    lost, key = lose(path.rsplit("/", 1)[1]), uuid4().hex
    first = await sent(client, key, body, path)
    assert first[0] == 503, first
    assert len(lost) == 1
    made = await listed(client, path, name)
    assert lost[0]["id"] in {str(one["id"]) for one in made} or kind == "strategies", "those show their numbers"
    status, answer = await sent(client, key, body, path)
    if kind == "api keys":
        assert (status, b"told once" in answer) == (409, True)
    else:
        assert status in (200, 201), answer
        assert await sent(client, key, body, path) == (status, answer)
    assert len(await listed(client, path, name)) == len(made)


async def test_a_key_is_shown_to_the_first_who_asks_and_refused_to_whoever_asks_again(client: Client) -> None:
    key, path = uuid4().hex, "/api/v1/auth/api-keys"
    first = await sent(client, key, {"name": "k"}, path)
    again = [await sent(client, key, {"name": "k"}, path) for _ in range(2)]
    assert (first[0], b'"key"' in first[1]) == (201, True)
    assert again[0] == again[1]
    assert (again[0][0], b'"key"' in again[0][1]) == (409, False)
    assert len(await listed(client, path, "api_keys")) == 1


async def test_a_message_whose_answer_was_lost_is_in_the_conversation_once(
    client: Client, lose: Callable[[str], list[Any]]
) -> None:
    lost, key, path = lose("/messages"), uuid4().hex, "/api/ai/chat"
    assert (await sent(client, key, {"message": "my bots"}, path))[0] == 503
    again = await sent(client, key, {"message": "my bots"}, path)
    assert (again[0], await sent(client, key, {"message": "my bots"}, path)) == (200, again)
    assert len(lost) == 1
    assert [m["role"] for m in await listed(client, "/api/ai/chat/history", "messages")] == ["user", "assistant"]
