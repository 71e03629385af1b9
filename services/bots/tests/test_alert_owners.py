"""Whose an alert is, however many users have a bot of the same name."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from millrace.bots.app import alert_secrets
from millrace.bots.domain.alerts import Secrets
from services.bots.tests.floor import Floor, signal, signed

_OTHERS = """
insert into bots (id, user_id, account_id, name, strategy_id, strategy, exchange, symbol, spelling, timeframe,
  parameters, status, origin, created_at, updated_at)
select gen_random_uuid(), owner, account_id, name, strategy_id, strategy, exchange, symbol, spelling, timeframe,
  parameters, status, origin, now(), now() from bots, unnest($1::uuid[]) as n(owner) where id = $2
"""
_OLDER = """
insert into alert_secrets (user_id, salt, hash, created_at)
select owner, 'salt', sha256(owner::text::bytea), '2020-01-01' from unnest($1::uuid[]) as n(owner)
"""


@pytest.fixture
async def crowd(floor: Floor) -> Floor:
    """A user whose bot has the name of forty others', whose secrets are all older."""
    mine, others = await floor.bot(), [uuid4() for _ in range(40)]
    await floor.stand.rows("bots", _OTHERS, others, mine["id"])
    await floor.stand.rows("bots", _OLDER, others)
    return floor


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many signatures were looked at since it was last asked."""
    tried = list[bytes]()

    def counted(secret: str, raw: bytes, signature: str) -> bool:
        tried.append(raw)
        return signed(secret, raw) == signature

    def count() -> int:
        found = len(tried)
        tried.clear()
        return found

    monkeypatch.setattr(alert_secrets, "signed", counted)
    return count


async def test_who_is_named_is_found_among_any_number_by_one_try(crowd: Floor, tries: Callable[[], int]) -> None:
    answer = await crowd.send(signal(), user_id=str(crowd.user.user_id))
    assert (answer.value()["success_count"], tries()) == (1, 1)


async def test_who_is_not_named_is_told_how_where_thirty_older_ones_have_the_name(
    crowd: Floor, tries: Callable[[], int]
) -> None:
    answer = await crowd.send(signal())
    assert (answer.status, tries()) == (401, 30)
    message = answer.json()["error"]["message"]
    assert "in X-TradingView-User" in message
    assert "the address that ends in your secret" in message


async def test_a_secret_in_the_address_is_found_without_a_try(crowd: Floor, tries: Callable[[], int]) -> None:
    assert (await crowd.send(signal(), secret=crowd.secret)).status == 200
    assert (await crowd.send(signal(), secret="mra_wrong")).status == 401
    assert tries() == 0


async def test_an_answer_costs_the_same_whoever_has_such_a_bot_and_whoever_is_there(
    floor: Floor, tries: Callable[[], int]
) -> None:
    await floor.bot()
    raw, bad = b'{"botname": "nobody"}', "00" * 32
    wrong: list[tuple[Any, dict[str, Any]]] = [
        (signal(), {"signature": bad}),
        (raw, {"signature": bad}),
        (b"not json", {"signature": bad}),
        (signal(), {"signature": ""}),
    ]
    for body, terms in wrong:
        assert ((await floor.send(body, **terms)).status, tries()) == (401, 30), terms
        for user_id in (floor.user.user_id, uuid4()):
            answer = await floor.send(body, **terms, user_id=str(user_id))
            assert (answer.status, tries()) == (401, 1), terms
    assert (await floor.send(signal())).status == 200
    assert tries() == 30


async def test_whoever_signs_as_nobody_is_nobody(floor: Floor) -> None:
    await floor.bot()
    nobody = alert_secrets._NOBODY
    secret = Secrets(floor.stand.host.keys().master).of(nobody["user_id"], nobody["salt"])
    assert (await floor.send(b"{}", signature=signed(secret, b"{}"))).status == 401


async def test_a_body_that_is_too_long_is_refused(floor: Floor) -> None:
    assert (await floor.send(b" " * 16_385)).status == 422
