"""A message that is sent again, because its answer was lost, is in the conversation once."""

import asyncio
from uuid import UUID

from millrace.common.auth.principal import Principal
from millrace.common.kernel.clock import ManualClock
from services.assistant.tests.conftest import Desk

INTENT, OTHER = UUID("019b8dd8-8200-7000-8000-000000000001"), UUID("019b8dd8-8200-7000-8000-000000000002")


async def contents(desk: Desk) -> list[str]:
    """All that was said."""
    return [each["content"] for each in (await desk.history())["items"]]


async def test_a_message_and_its_answer_are_written_once(desk: Desk, clock: ManualClock) -> None:
    first = await desk.say("hello", intent=INTENT)
    clock.advance(5)
    again = await desk.say("hello", intent=INTENT)
    assert again["text"] == first["text"]
    assert await contents(desk) == ["hello", first["text"]]
    await desk.say("hello", intent=OTHER)
    await desk.say("hello")
    assert (await desk.history())["total"] == 6


async def test_of_many_at_once_one_is_written(desk: Desk) -> None:
    await asyncio.gather(*(desk.say("hello", intent=INTENT) for _ in range(6)))
    assert (await desk.history())["total"] == 2


async def test_the_conversation_has_the_answer_that_was_given_last(desk: Desk) -> None:
    await desk.say("the price of btc", intent=INTENT)
    desk.others.known["marketdata", "/ticker"]["price"] = "61000"
    again = await desk.say("the price of btc", intent=INTENT)
    assert "61,000" in again["text"] or "61000" in again["text"]
    assert await contents(desk) == ["the price of btc", again["text"]]


async def test_what_is_proposed_again_is_one_plan_with_the_token_told_last(desk: Desk) -> None:
    lost = (await desk.say("pause alpha", intent=INTENT))["confirmation_token"]
    token = (await desk.say("pause alpha", intent=INTENT))["confirmation_token"]
    assert len(await desk.stand.rows("assistant", "select id from plans")) == 1
    assert (await desk.post("yes", lost)).status == 404
    assert (await desk.say("yes", token))["text"] == "1. Done: bot 'Alpha' is paused."
    assert len(desk.others.told) == 1


async def test_a_plan_that_ended_is_not_opened_again(desk: Desk) -> None:
    token = (await desk.say("pause alpha", intent=INTENT))["confirmation_token"]
    await desk.say("yes", token)
    again = await desk.say("stop alpha", intent=INTENT)
    assert (await desk.say("yes", token))["text"].startswith("This confirmation was used already")
    assert "is stopped" in (await desk.say("yes", again["confirmation_token"]))["text"]


async def test_a_confirmation_sent_again_acts_once_and_is_written_once(desk: Desk) -> None:
    token = (await desk.say("pause alpha"))["confirmation_token"]
    for _ in range(2):
        await desk.say("yes", token, INTENT)
    assert (len(desk.others.told), (await desk.history())["total"]) == (1, 4)


async def test_an_intent_of_another_user_changes_nothing_of_theirs(desk: Desk) -> None:
    stranger = desk.as_user(Principal(UUID(int=8), "mallory", "trader"))
    await desk.say("hello", intent=INTENT)
    await stranger.post("thanks", intent=INTENT)
    assert (await contents(desk))[0] == "hello"
    assert await contents(stranger) == []
