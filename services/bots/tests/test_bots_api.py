"""Bots over HTTP: theirs alone, typed errors, pages."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from millrace.bots.app import queries
from millrace.common.events.bots import BotChanged
from millrace.common.events.trading import OrderState
from millrace.common.kernel.instruments import BOT_LIMIT

FULL = """
insert into bots (id, user_id, account_id, name, strategy_id, strategy, exchange, symbol, spelling, timeframe,
  parameters, status, origin, created_at, updated_at)
select gen_random_uuid(), user_id, account_id, name, strategy_id, strategy, exchange, symbol, spelling, timeframe,
  parameters, status, origin, now(), now() from bots, generate_series(1, $2) where id = $1
"""
WISH = UUID("00000000-0000-7000-8000-000000000077")


async def test_a_bot_goes_through_its_life_and_each_change_is_told(owner: Any) -> None:
    bot_id = await owner.bot(start=False)
    for verb in ("start", "pause", "resume", "stop", "start"):
        assert (await owner.ask("POST", f"/bots/{bot_id}/{verb}")).status == 200
    assert (await owner.ask("POST", f"/bots/{bot_id}/start")).status == 200
    assert (await owner.ask("DELETE", f"/bots/{bot_id}")).status == 200
    assert (await owner.ask("GET", f"/bots/{bot_id}")).status == 404
    assert (await owner.ask("POST", f"/bots/{bot_id}/start")).status == 404
    await owner.stand.rest()
    told = [event.status for event in owner.stand.said(BotChanged)]
    assert told == ["created", "active", "paused", "active", "stopped", "active", "deleted"]


async def test_a_verb_that_does_not_fit_is_a_conflict(owner: Any) -> None:
    bot_id = await owner.bot(start=False)
    answer = await owner.ask("POST", f"/bots/{bot_id}/resume")
    assert (answer.status, answer.json()["error"]["code"]) == (409, "INVALID_STATE")
    assert (await owner.ask("POST", f"/bots/{bot_id}/explode")).status == 422


@pytest.mark.parametrize("before", [(), ("start", "stop")])
async def test_a_bot_that_does_not_run_is_paused_and_starts_when_it_is_resumed(owner: Any, before: Any) -> None:
    bot_id = await owner.bot(start=False)
    for verb in before:
        await owner.ask("POST", f"/bots/{bot_id}/{verb}")
    await owner.stand.rows("bots", "update bots set anchor_at = now() where id = $1", bot_id)
    paused = (await owner.ask("POST", f"/bots/{bot_id}/pause")).value()
    (row,) = await owner.stand.rows("bots", "select anchor_at from bots where id = $1", bot_id)
    assert (paused["status"], row["anchor_at"]) == ("paused", None), "it warms up afresh"
    assert (await owner.ask("POST", f"/bots/{bot_id}/resume")).value()["status"] == "active"


async def test_a_user_has_so_many_bots_at_an_exchange_and_no_more(owner: Any, new_owner: Any) -> None:
    wish = {"name": "again", "strategy": "hold", "exchange": "binance", "intent_id": str(WISH)}
    assert (await owner.ask("POST", "/bots", json=wish)).status == 201
    await owner.stand.rows("bots", FULL, WISH, BOT_LIMIT - 1)
    refused = await owner.ask("POST", "/bots", json={**wish, "intent_id": None})
    assert (refused.status, refused.json()["error"]["code"]) == (422, "VALIDATION_ERROR")
    assert "100 bots at binance" in refused.json()["error"]["message"]
    assert (await owner.ask("POST", "/bots", json=wish)).value()["id"] == str(WISH), "it is there already"
    other = await new_owner()
    assert (await other.ask("POST", "/bots", json={**wish, "intent_id": None})).status == 201
    await owner.ask("DELETE", f"/bots/{WISH}")
    assert (await owner.ask("POST", "/bots", json={**wish, "intent_id": None})).status == 201


async def test_deleting_a_bot_that_holds_something_says_what_stays(owner: Any) -> None:
    bot_id = await owner.bot()
    await owner.order(owner.signal(bot_id), OrderState.FILLED, 4, "0.5")
    await owner.ask("DELETE", f"/bots/{bot_id}")
    await owner.stand.rest()
    assert owner.stand.said(BotChanged)[-1].reason == "delete: 0.5 BTC stay in the account"


async def test_bots_are_listed_by_pages_with_their_total(owner: Any, new_owner: Any) -> None:
    other = await new_owner()
    await other.bot()
    ids = [str(await owner.bot(name=f"bot {n}", start=n == 0)) for n in range(5)]
    await owner.ask("DELETE", f"/bots/{ids[4]}")
    page = (await owner.ask("GET", "/bots", query={"limit": 2, "offset": 1})).value()
    assert ([b["id"] for b in page["items"]], page["total"]) == (ids[1:3], 4)
    beyond = (await owner.ask("GET", "/bots", query={"limit": 2, "offset": 10})).value()
    assert (beyond["items"], beyond["total"]) == ([], 4)
    active = (await owner.ask("GET", "/bots", query={"status": "active"})).value()
    assert [b["id"] for b in active["items"]] == ids[:1]


async def test_a_list_costs_two_questions_however_long_it_is(owner: Any) -> None:
    for _ in range(3):
        await owner.bot(start=False)
    asked: list[str] = []
    async with owner.stand.host.running["bots"].database.as_user(owner.user.user_id) as connection:
        with connection.query_logger(lambda record: asked.append(record.query)):
            _, total = await queries.list_bots(connection, owner.user.user_id, None, None, 50, 0)
    assert (total, len(asked)) == (3, 2)


@pytest.mark.parametrize("path", ["/bots/{id}", "/bots/{id}/skips"])
async def test_what_belongs_to_others_is_not_there(owner: Any, new_owner: Any, path: str) -> None:
    other = await new_owner()
    theirs = await other.bot(start=False)
    for bot_id in (theirs, uuid4()):
        assert (await owner.ask("GET", path.format(id=bot_id))).status == 404
        assert (await owner.ask("PATCH", f"/bots/{bot_id}", {"name": "mine"})).status == 404
        assert (await owner.ask("POST", f"/bots/{bot_id}/start")).status == 404
        assert (await owner.ask("DELETE", f"/bots/{bot_id}")).status == 404
    assert (await other.row(theirs))["status"] == "created"


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("INVALID_SYMBOL", {"symbol": "NOPE"}),
        ("INVALID_SYMBOL", {"exchange": "nowhere"}),
        ("INVALID_TIMEFRAME", {"timeframe": "7m"}),
        ("INVALID_TIMEFRAME", {"config": {"timeframe": 7}}),
        ("VALIDATION_ERROR", {"name": ""}),
        ("VALIDATION_ERROR", {"strategy_id": "trend"}),
        ("VALIDATION_ERROR", {"config": {"parameters": {"fast": 5, "slow": 3}}}),
        ("VALIDATION_ERROR", {"config": {"parameters": {"speed": 5}}}),
        ("VALIDATION_ERROR", {"config": {"parameters": []}}),
        ("VALIDATION_ERROR", {"config": {"position_size": "1e999999"}}),
        ("VALIDATION_ERROR", {"config": {"position_size": -1}}),
        ("VALIDATION_ERROR", {"config": {"leverage": 126}}),
        ("VALIDATION_ERROR", {"user_id": str(uuid4())}),
    ],
)
async def test_a_bot_that_makes_no_sense_is_refused_with_a_code(owner: Any, code: str, asked: Any) -> None:
    new = {"name": "bot", "strategy_id": await owner.strategy_id("trend"), "symbol": "BTC/USDT"}
    answer = await owner.ask("POST", "/bots", {**new, **asked})
    assert (answer.json()["error"]["code"], answer.status < 500) == (code, True)
    assert (await owner.ask("GET", "/bots")).value()["total"] == 0


async def test_a_change_that_makes_no_sense_changes_nothing(owner: Any) -> None:
    bot_id = await owner.bot(start=False)
    for config in ({"parameters": {"fast": 1}}, {"timeframe": "x"}, {"quantity": 1, "position_size": 1}):
        assert (await owner.ask("PATCH", f"/bots/{bot_id}", {"config": config})).status in (400, 422)
    row = (await owner.ask("GET", f"/bots/{bot_id}")).value()
    assert (row["config"], row["parameters"], row["timeframe"]) == ({}, {}, "5m")


async def test_a_strategy_that_nobody_knows_is_bound_to_hold(owner: Any) -> None:
    bot_id = await owner.bot(strategy_id=str(uuid4()), start=False)
    assert (await owner.row(bot_id))["strategy"] == "hold"


async def test_without_an_account_there_is_no_bot(owner: Any) -> None:
    owner.user = type(owner.user)(UUID(int=7), "stranger", "trader")
    new = {"name": "bot", "strategy_id": await owner.strategy_id("trend"), "symbol": "BTC/USDT"}
    answer = await owner.ask("POST", "/bots", new)
    assert (answer.status, answer.json()["error"]["code"]) == (409, "INVALID_STATE")


async def test_a_wish_for_a_bot_that_comes_again_makes_no_second_one(owner: Any, new_owner: Any) -> None:
    asked = {"name": "once", "symbol": "BTC/USDT", "intent_id": str(WISH)}
    made = [answer.value() for answer in await asyncio.gather(*(owner.ask("POST", "/bots", asked) for _ in range(5)))]
    made.append((await owner.ask("POST", "/bots", asked)).value())
    assert made == [made[0]] * 6
    assert made[0]["id"] == str(WISH)
    assert (await owner.ask("GET", "/bots")).value()["total"] == 1
    await owner.stand.rest()
    assert len(owner.stand.said(BotChanged)) == 1
    other = await new_owner()
    assert (await other.ask("POST", "/bots", asked)).status == 404
