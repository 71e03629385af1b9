"""A caller who sends too much is told how much is allowed and when to come back; nobody else is."""

import asyncio
import time
from typing import Any

import pytest

from millrace.gateway.domain.rates import ADDRESS

ME = "/api/v1/users/me"  # contract botplatform's
OWN = "/api/v1/auth/api-keys"  # no contract's
SHOWN = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-retry-after")


def told(headers: Any) -> list[int]:
    """The four headers' numbers."""
    return [int(headers[name]) for name in SHOWN]


async def test_every_answer_to_a_user_says_what_is_left(start_door: Any) -> None:
    door = await start_door("auth")
    await door.register()
    begun, answers = time.time(), []
    for method, body in (("GET", None), ("GET", None), ("POST", {})):
        answers.append(await door.ask(method, OWN, body))
    filled = (time.time() - begun) * 1000 / 60  # what came back in meanwhile
    assert [status for status, _, _ in answers] == [200, 200, 422], "a refusal of the service counts too"
    for used, (limit, left, reset, retry) in enumerate((told(headers) for _, _, headers in answers), start=1):
        assert (limit, retry) == (1000, 0)
        assert 1000 - used <= left <= min(999, 1000 - used + filled)
        assert 0 <= reset - begun < 3


async def test_a_contracts_own_number_holds_and_the_refusal_says_until_when(start_door: Any) -> None:
    door = await start_door("auth")
    await door.register()
    named = {"headers": {"X-API-Contract": "botplatform"}}
    passed, begun, refused = 0, time.monotonic(), []
    while not refused:
        answers = await asyncio.gather(*(door.ask("GET", ME, **named) for _ in range(10)))
        refused = [answer for answer in answers if answer[0] == 429]
        passed += len(answers) - len(refused)
    filled = (time.monotonic() - begun) * 100 / 60
    assert 100 <= passed <= 101 + filled
    last = refused[-1]
    assert (last[1]["code"], told(last[2])[:2]) == ("RATE_LIMIT_EXCEEDED", [100, 0])
    assert 1 <= told(last[2])[3] <= int(last[2]["retry-after"]) <= 60
    assert (await door.ask("GET", OWN))[0] == 200  # without a contract the generous rate holds
    await door.register()
    assert (await door.ask("GET", ME, **named))[0] == 200


async def test_a_quick_sequential_client_of_botplatform_is_slowed_and_not_refused(start_door: Any) -> None:
    door = await start_door("auth")
    await door.register()
    begun = time.monotonic()
    for _ in range(20):
        assert (await door.ask("GET", ME, headers={"X-API-Contract": "botplatform"}))[0] == 200
    assert time.monotonic() - begun > 0.8


async def test_an_unknown_contract_is_refused(start_door: Any) -> None:
    door = await start_door("auth")
    await door.register()
    status, found, _ = await door.ask("GET", ME, headers={"X-API-Contract": "nobody's"})
    assert (status, found["code"]) == (400, "INVALID_CONTRACT")
    assert "botplatform" in found["errors"]["X-API-Contract"]


async def test_an_address_is_refused_before_anybody_is_asked_who_it_is(
    start_door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_GATEWAY_RATES", f"{5 / ADDRESS.limit}")
    door = await start_door()
    answers = [await door.ask("POST", "/api/v1/auth/login", {"username": "a", "password": "b"}) for _ in range(8)]
    assert [status for status, _, _ in answers] == [503] * 5 + [429] * 3
    _, found, headers = answers[-1]
    assert found["code"] == "RATE_LIMIT_EXCEEDED"
    assert told(headers)[:2] == [5, 0]


async def test_rates_can_be_turned_off(start_door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_GATEWAY_RATES", "0")
    door = await start_door("auth")
    await door.register()
    _, _, headers = await door.ask("GET", ME)
    assert not set(SHOWN) & set(headers)


async def test_an_endpoint_counts_for_the_contract_that_answers_there(start_door: Any) -> None:
    door = await start_door("auth")
    await door.register()
    assert told((await door.ask("GET", ME))[2])[:2] == [100, 99]
    assert told((await door.ask("GET", ME, headers={"X-API-Contract": "crypto"}))[2])[:2] == [100, 98]
    market = "/api/v1/market-data/BTCUSDT"
    assert told((await door.ask("GET", market))[2])[:2] == [100, 99]  # of crypto's category


async def test_another_contract_is_no_way_around_what_a_user_may_send(
    start_door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_GATEWAY_RATES", "0.02")
    door = await start_door("auth")
    await door.register()
    begun = time.monotonic()
    while (answer := await door.ask("GET", OWN))[0] != 429:
        assert time.monotonic() - begun < 30
    assert told(answer[2])[:2] == [20, 0]
    positions, named = "/api/v1/trading/positions", {"headers": {"X-API-Contract": "interfaces"}}
    others = [await door.ask("GET", positions, **named) for _ in range(8)]
    passed = sum(status != 429 for status, _, _ in others)
    assert passed <= 1 + (time.monotonic() - begun) * 20 / 60
    refused = next(answer for answer in reversed(others) if answer[0] == 429)
    assert told(refused[2])[:2] == [12, 0]
