"""A plan whose process is killed -9 in the middle of it: what was done stays done, and nothing is done twice."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from millrace.common.auth.principal import Principal
from millrace.common.events.users import UserRegistered
from millrace.common.testing.elsewhere import elsewhere
from millrace.common.testing.service import StartService
from services.assistant.tests.conftest import Desk, Others

INTENT = UUID("019b8dd8-8200-7000-8000-000000000001")


@pytest.fixture
async def desk(start_service: StartService) -> Desk:
    """A user with two bots that run, in front of the real services."""
    stand = await start_service("assistant", "bots", "execution", "risk")
    user = Principal(uuid4(), "john", "trader")
    await stand.hear(UserRegistered(user_id=user.user_id, username="john", role="trader", origin="test"))
    for name in ("Alpha", "Beta"):
        new = {"name": name, "strategy": "hold", "symbol": "BTC/USDT"}
        made = (await stand.ask("bots", "POST", "/bots", user, json=new)).value()
        (await stand.ask("bots", "POST", f"/bots/{made['id']}/start", user)).value()
    await stand.rest()
    return Desk(stand, Others(), user)


async def statuses(desk: Desk) -> dict[str, str]:
    """What became of the bots."""
    found: list[Any] = (await desk.stand.ask("bots", "GET", "/bots", desk.user)).value()["items"]
    return {bot["name"]: bot["status"] for bot in found}


async def test_a_plan_that_was_cut_off_is_not_done_twice_and_the_rest_can_be_asked_for(desk: Desk) -> None:
    token = (await desk.say("stop all bots"))["confirmation_token"]
    yes = {"message": "yes", "confirmation_token": token, "intent_id": INTENT}
    other = await asyncpg.connect(desk.stand.host.settings.database_url)
    try:
        async with other.transaction():  # the plan comes as far as the second bot
            await other.execute("select from bots.bots where name = 'Beta' for update")
            async with elsewhere(desk.stand, desk.user, "assistant", "/messages", yes) as far:

                async def half_done() -> bool:
                    first = "select status from bots.bots where name = 'Alpha'"
                    return await far.connection.fetchval(first) == "stopped"

                await desk.stand.host.until(half_done, 20)
    finally:
        await other.close()
    assert await statuses(desk) == {"Alpha": "stopped", "Beta": "active"}
    again = await desk.say("yes", token, INTENT)
    assert "what became of it is not on record, so look before you ask again. Nothing was done now." in again["text"]
    assert await statuses(desk) == {"Alpha": "stopped", "Beta": "active"}
    assert [m["role"] for m in (await desk.history())["items"]] == ["user", "assistant"] * 2
    rest = await desk.say("stop all bots")
    assert [action["name"] for action in rest["actions"]] == ["Beta"]
    assert "bot 'Beta' is stopped" in (await desk.say("yes", rest["confirmation_token"]))["text"]
    assert await statuses(desk) == {"Alpha": "stopped", "Beta": "stopped"}
