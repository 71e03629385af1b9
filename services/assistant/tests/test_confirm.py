"""A confirmation is good once, for a minute, for one user, and for exactly one plan."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from millrace.common.auth.principal import Principal
from millrace.common.events.users import Audited
from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.errors import Code, MillraceError
from services.assistant.tests.conftest import Desk, bot

STRANGER = Principal(UUID(int=8), "mallory", "trader")
VIEWER = Principal(UUID(int=7), "john", "viewer")


async def test_nothing_is_done_before_it_is_confirmed_and_then_exactly_what_was_shown(desk: Desk) -> None:
    asked = await desk.say("please pause alpha")
    (action,) = asked["actions"]
    assert (action["kind"], action["verb"], action["name"], action["status"]) == ("bot", "pause", "Alpha", "proposed")
    assert "pause bot 'Alpha' (#1, BTC/USDT on binance, now active)" in asked["text"]
    assert asked["confirmation_token"] not in asked["text"]
    assert desk.others.told == []
    done = await desk.say("yes", asked["confirmation_token"])
    assert desk.others.told == [("bots", "POST", f"/bots/{UUID(int=1001)}/pause", None)]
    assert done["text"] == "1. Done: bot 'Alpha' is paused."
    assert done["confirmation_token"] is None
    assert done["actions"][0]["status"] == "done"


async def test_what_was_done_is_on_record(desk: Desk) -> None:
    asked = await desk.say("stop all bots")
    await desk.say("confirm", asked["confirmation_token"])
    await desk.stand.rest()
    (plan,) = await desk.stand.rows("assistant", "select id, ended, results from plans")
    assert [(a.action, a.subject, a.outcome) for a in desk.stand.said(Audited)] == [
        ("assistant.plan", str(plan["id"]), "confirmed"),
        ("assistant.bot.stop", str(UUID(int=1001)), "done"),
        ("assistant.bot.stop", str(UUID(int=1002)), "done"),
    ]
    assert {a.user_id for a in desk.stand.said(Audited)} == {desk.user.user_id}
    assert plan["ended"] == "confirmed"
    assert "is stopped" in plan["results"]


async def test_a_token_used_again_says_so_and_does_nothing(desk: Desk) -> None:
    token = (await desk.say("pause alpha"))["confirmation_token"]
    await desk.say("yes", token)
    again = await desk.say("yes", token)
    assert again["text"].startswith("This confirmation was used already, at 12:00:00 UTC; nothing was done again.")
    assert again["actions"][0]["message"] == "bot 'Alpha' is paused"
    assert len(desk.others.told) == 1


async def test_of_many_that_confirm_at_once_one_acts(desk: Desk) -> None:
    token = (await desk.say("pause alpha"))["confirmation_token"]
    replies = await asyncio.gather(*(desk.say("yes", token) for _ in range(6)))
    assert len(desk.others.told) == 1
    assert sum("Done" in reply["text"].split("\n")[0] for reply in replies) == 1


@pytest.mark.parametrize(("seconds", "good"), [(59, True), (60, False), (3600, False)])
async def test_a_token_is_good_for_a_minute(desk: Desk, clock: ManualClock, seconds: int, good: bool) -> None:
    token = (await desk.say("pause alpha"))["confirmation_token"]
    clock.advance(seconds)
    text = (await desk.say("yes", token))["text"]
    assert ("Done" in text) is good
    assert ("expired at 12:01:00 UTC; nothing was done" in text) is not good
    assert len(desk.others.told) == good


async def test_anothers_token_and_one_that_never_was_are_the_same_404(desk: Desk) -> None:
    token = (await desk.say("pause alpha"))["confirmation_token"]
    stranger = desk.as_user(STRANGER)
    answers = [await stranger.post("yes", each) for each in (token, "A" * 54, "nonsense", token[:-1], "é")]
    bodies = {answer.body.split(b'"request_id"')[0] for answer in answers}
    assert ({answer.status for answer in answers}, len(bodies)) == ({404}, 1)
    assert desk.others.told == []
    assert "Done" in (await desk.say("yes", token))["text"]


@pytest.mark.parametrize(
    "change",
    [
        "actions = replace(actions, 'pause', 'stop')",
        "actions = replace(actions, 'Alpha', 'alpha')",
        "expires_at = expires_at + interval '1 hour'",
        "seal = '\\x00'",
    ],
)
async def test_a_plan_that_was_changed_where_it_is_kept_is_no_plan(desk: Desk, change: str) -> None:
    token = (await desk.say("pause alpha"))["confirmation_token"]
    await desk.stand.rows("assistant", f"update plans set {change} returning id")
    with pytest.raises(MillraceError, match="confirmation not found"):
        await desk.say("yes", token)
    assert desk.others.told == []


async def test_no_withdraws_what_is_open(desk: Desk) -> None:
    token = (await desk.say("pause alpha"))["confirmation_token"]
    assert (await desk.say("no", token))["text"] == "Nothing was done; 1 plan withdrawn."
    assert "withdrawn at 12:00:00 UTC; nothing was done" in (await desk.say("yes", token))["text"]
    assert await desk.text("no") == "Nothing was done."
    assert desk.others.told == []


async def test_a_token_may_be_typed_and_is_not_kept_in_the_conversation(desk: Desk) -> None:
    token = (await desk.say("pause alpha"))["confirmation_token"]
    assert "Done" in await desk.text(f"confirm {token}")
    said = [message["content"] for message in (await desk.history())["items"]]
    assert said[2] == "confirm [token]"
    assert not any(token in content for content in said)


async def test_yes_without_a_token_does_nothing(desk: Desk) -> None:
    await desk.say("pause alpha")
    assert "token" in await desk.text("yes")
    assert desk.others.told == []


@pytest.mark.parametrize("role", ["viewer", "exporter"])
async def test_who_may_only_read_is_told_so_and_gets_no_plan(desk: Desk, role: str) -> None:
    reader = desk.as_user(Principal(UUID(int=7), "john", role))
    asked = await reader.say("pause alpha")
    assert asked["text"] == f"I cannot do that for you: the role {role} may only read."
    assert (asked["actions"], asked["confirmation_token"]) == ([], None)
    assert "Alpha" in await reader.text("how are my bots")


async def test_who_may_no_longer_trade_cannot_confirm(desk: Desk) -> None:
    token = (await desk.say("pause alpha"))["confirmation_token"]
    answer = await desk.as_user(VIEWER).post("yes", token)
    assert answer.status == 403
    assert desk.others.told == []


@pytest.mark.parametrize(("scopes", "status"), [({"read"}, 200), ({"trade"}, 403), (set(), 403)])
async def test_an_api_key_is_held_to_its_scopes(desk: Desk, scopes: set[str], status: int) -> None:
    key = desk.as_user(Principal(UUID(int=7), "john", "trader", scopes=frozenset(scopes)))
    answer = await key.post("pause alpha")
    assert answer.status == status
    if status == 200:
        assert answer.json()["text"] == "I cannot do that for you: this API key may only read."


async def test_what_has_changed_since_it_was_shown_is_not_done(desk: Desk) -> None:
    token = (await desk.say("stop all bots"))["confirmation_token"]
    desk.others.known["bots", f"/bots/{UUID(int=1001)}"] = bot(1, "Alpha", "paused")
    done = await desk.say("yes", token)
    assert [action["status"] for action in done["actions"]] == ["changed", "done"]
    assert "was active when it was shown and is paused now, so nothing was done" in done["text"]
    assert [path for _, _, path, _ in desk.others.told] == [f"/bots/{UUID(int=1002)}/stop"]


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (MillraceError(Code.INVALID_STATE, "an administrator holds this bot: review"), "refused", "holds this bot"),
        (None, "unknown", "it is not known whether this was done"),
    ],
    ids=["refused", "away"],
)
async def test_a_service_that_refuses_or_is_away_is_told_as_it_is(
    desk: Desk, answer: Any, status: str, words: str
) -> None:
    token = (await desk.say("pause alpha"))["confirmation_token"]
    desk.others.answers["bots", "POST", f"/bots/{UUID(int=1001)}/pause"] = answer
    done = await desk.say("yes", token)
    assert done["actions"][0]["status"] == status
    assert words in done["text"]


async def test_a_service_that_is_away_before_the_act_leaves_nothing_done(desk: Desk) -> None:
    token = (await desk.say("pause alpha"))["confirmation_token"]
    del desk.others.known["bots", f"/bots/{UUID(int=1001)}"]
    done = await desk.say("yes", token)
    assert done["actions"][0]["status"] == "refused"
    assert "nothing was done" in done["text"]
    assert desk.others.told == []


async def test_a_plan_is_finished_though_its_caller_leaves(desk: Desk) -> None:
    token = (await desk.say("stop all bots"))["confirmation_token"]
    client: Any = desk.stand.host._clients["bots"]
    request, arrived, go = client.request, asyncio.Event(), asyncio.Event()

    async def slowly(method: str, path: str, **said: Any) -> Any:
        arrived.set()
        await go.wait()
        return await request(method, path, **said)

    client.request = slowly
    asking = asyncio.create_task(desk.post("yes", token))
    await arrived.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert desk.stand.host.running["assistant"].service.busy()
    assert "what became of it is not on record" in (await desk.say("yes", token))["text"]
    go.set()
    await desk.stand.rest()
    assert len(desk.others.told) == 2
    assert "bot 'Alpha' is stopped" in (await desk.say("yes", token))["text"]
