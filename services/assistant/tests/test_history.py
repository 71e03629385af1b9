"""The conversation: kept in order, one's own, and forgotten when asked."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from millrace.common.auth.principal import Principal
from millrace.common.kernel.clock import ManualClock
from services.assistant.tests.conftest import Desk

STRANGER = Principal(UUID(int=8), "mallory", "trader")


async def test_messages_are_kept_in_order_with_roles_and_times(desk: Desk, clock: ManualClock) -> None:
    first = await desk.say("hello")
    clock.advance(5)
    second = await desk.say("Check my bots")
    found = await desk.history()
    assert [(each["role"], each["content"], each["at"]) for each in found["items"]] == [
        ("user", "hello", "2026-01-05T12:00:00Z"),
        ("assistant", first["text"], "2026-01-05T12:00:00Z"),
        ("user", "Check my bots", "2026-01-05T12:00:05Z"),
        ("assistant", second["text"], "2026-01-05T12:00:05Z"),
    ]
    assert (found["total"], found["limit"], found["offset"]) == (4, 50, 0)
    assert set(found["items"][0]) == {"id", "role", "content", "at"}
    assert set(second) == {"text", "actions", "confirmation_token", "at"}


async def test_a_window_holds_the_newest_in_their_order(desk: Desk) -> None:
    for text in ("hello", "help", "thanks"):
        await desk.say(text)
    roles = [each["content"] for each in (await desk.history(limit=2))["items"]]
    assert roles == ["thanks", "You are welcome."]
    assert (await desk.history(limit=2, offset=4))["items"][0]["content"] == "hello"
    assert (await desk.history(limit=2, offset=6))["items"] == []


async def test_a_wrong_window_is_refused(desk: Desk) -> None:
    for query in ({"limit": 0}, {"limit": 5001}, {"offset": -1}, {"limit": "many"}):
        answer = await desk.stand.ask("assistant", "GET", "/messages", desk.user, query=query)
        assert answer.status == 422, query


async def test_a_wrong_message_is_refused_and_not_kept(desk: Desk) -> None:
    wrong: list[dict[str, Any]] = [
        {},
        {"message": ""},
        {"message": "  "},
        {"message": "x" * 4001},
        {"message": 5},
        {"message": "a\u0000b"},
        {"message": "hi", "role": "assistant"},
        {"message": "hi", "confirmation_token": "x" * 201},
    ]
    for body in wrong:
        answer = await desk.stand.ask("assistant", "POST", "/messages", desk.user, json=body)
        assert answer.status == 422, body
    assert (await desk.history())["total"] == 0


async def test_each_sees_and_clears_only_their_own(desk: Desk) -> None:
    stranger = desk.as_user(STRANGER)
    await desk.say("hello")
    await stranger.say("thanks")
    assert [each["content"] for each in (await stranger.history())["items"]] == ["thanks", "You are welcome."]
    cleared = await desk.stand.ask("assistant", "DELETE", "/messages", desk.user)
    assert cleared.value() == {"deleted": 2}
    assert (await desk.history())["items"] == []
    assert (await stranger.history())["total"] == 2


async def test_the_database_itself_keeps_users_apart(desk: Desk) -> None:
    await desk.say("pause alpha")
    database = desk.stand.host.running["assistant"].database
    async with database.as_user(STRANGER.user_id) as connection:
        for table in ("messages", "plans"):
            assert await connection.fetchval(f"select count(*) from {table}") == 0
            assert await connection.execute(f"delete from {table}") == "DELETE 0"
    insert = "insert into messages (id, user_id, role, content, at) values ($1, $2, 'user', 'x', now())"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.as_user(STRANGER.user_id) as connection:
            await connection.execute(insert, UUID(int=1), desk.user.user_id)


async def test_the_oldest_messages_are_forgotten(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("millrace.assistant.app.conversation._KEPT", 3)
    for text in ("hello", "help", "thanks"):
        await desk.say(text)
    found = await desk.history()
    assert found["total"] == 3
    assert found["items"][-1]["content"] == "You are welcome."


async def test_nobody_asks_without_an_identity(desk: Desk) -> None:
    for method, path in (("POST", "/messages"), ("GET", "/messages"), ("DELETE", "/messages"), ("GET", "/greeting")):
        assert (await desk.stand.ask("assistant", method, path, None, json={"message": "hi"})).status == 401


async def test_others_are_asked_in_the_users_own_name(desk: Desk) -> None:
    await desk.say("Check my bots")
    assert desk.others.names == {"john"}
