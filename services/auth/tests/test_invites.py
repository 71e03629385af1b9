"""Invites, closed doors, and the first administrator."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from millrace.common.kernel.clock import ManualClock

StartAuth = Any
PASSWORD = "Correct-Horse-7"


def terms(name: str, code: str | None = None) -> dict[str, Any]:
    """Who wants to register."""
    found = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    return found if code is None else {**found, "invite_code": code}


async def test_where_an_invite_is_needed_each_lets_one_in(
    start_auth: StartAuth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_AUTH_REGISTRATION", "invite")
    auth = await start_auth()
    admin = await auth.made("admin", "root1")
    status, invite = await auth.post("/invites", admin, role="exporter")
    assert (status, invite["role"], invite["used_at"]) == (201, "exporter", None)
    for wrong in (None, "", "nonsense", invite["id"]):
        status, found = await auth.post("/register", **terms("alice", wrong))
        assert (status, found["error"]["code"]) == (403, "PERMISSION_DENIED")
    tried = [auth.post("/register", **terms(f"user{n}", invite["code"])) for n in range(6)]
    answers = await asyncio.gather(*tried)
    assert Counter(status for status, _ in answers) == {200: 1, 403: 5}
    user = next(found["user"] for status, found in answers if status == 200)
    assert user["role"] == "exporter"
    (shown,) = (await auth.ask("GET", "/invites", admin))[1]["invites"]
    assert (shown["used_by"], "code" in shown) == (user["id"], False)
    assert (await auth.ask("DELETE", f"/invites/{invite['id']}", admin))[0] == 404
    assert invite["code"] not in repr(await auth.stand.rows("auth", "select * from invites"))


async def test_an_invite_is_for_its_address_and_time_and_can_be_taken_back(
    start_auth: StartAuth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_AUTH_REGISTRATION", "invite")
    clock = ManualClock()
    auth = await start_auth(clock=clock)
    admin = await auth.made("admin", "root1")
    mine = (await auth.post("/invites", admin, email="alice@example.com", seconds=60))[1]["code"]
    assert (await auth.post("/register", **terms("bob", mine)))[0] == 403
    assert (await auth.post("/register", **{**terms("alice", mine), "email": "ALICE@example.com"}))[0] == 200
    late = (await auth.post("/invites", admin, seconds=60))[1]["code"]
    clock.advance(61)
    assert (await auth.post("/register", **terms("carol", late)))[0] == 403
    taken = (await auth.post("/invites", admin))[1]
    assert await auth.ask("DELETE", f"/invites/{taken['id']}", admin) == (200, {})
    assert (await auth.post("/register", **terms("carol", taken["code"])))[0] == 403
    assert [len(await auth.told(f"invite.{what}")) for what in ("create", "revoke")] == [3, 1]


async def test_where_anybody_may_register_a_code_that_is_none_is_passed_over(start_auth: StartAuth) -> None:
    auth = await start_auth()
    status, found = await auth.post("/register", **terms("alice", "optional_invite_code"))
    assert (status, found["user"]["role"]) == (200, "trader")


async def test_closed_is_closed_but_for_the_invited(start_auth: StartAuth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_AUTH_REGISTRATION", "closed")
    auth = await start_auth()
    status, found = await auth.post("/register", **terms("alice"))
    assert (status, found["error"]["message"]) == (403, "registration is closed; ask an administrator")
    assert await auth.stand.rows("auth", "select 1 from users") == []
    admin = await auth.made("admin", "root1")
    code = (await auth.post("/invites", admin))[1]["code"]
    assert (await auth.post("/register", **terms("alice", code)))[0] == 200


async def test_only_administrators_invite(start_auth: StartAuth) -> None:
    auth = await start_auth()
    trader = await auth.made("trader", "trader1")
    for method in ("POST", "GET"):
        assert (await auth.ask(method, "/invites", trader, json={}))[0] == 403
    assert (await auth.ask("POST", "/invites/first-admin", trader))[0] == 403


async def test_a_link_makes_the_first_administrator_and_no_second(start_auth: StartAuth) -> None:
    from millrace.common.testing.service import ADMIN

    auth = await start_auth()
    old = (await auth.ask("POST", "/invites/first-admin", ADMIN))[1]["code"]
    code = (await auth.ask("POST", "/invites/first-admin", ADMIN))[1]["code"]
    assert (await auth.post("/register", **terms("first", old)))[1]["user"]["role"] == "trader"
    tried = [auth.post("/register", **terms(f"root{n}", code)) for n in range(5)]
    found = Counter(answer["user"]["role"] for _, answer in await asyncio.gather(*tried))
    assert found == {"admin": 1, "trader": 4}
    assert (await auth.ask("POST", "/invites/first-admin", ADMIN)) == (200, {"code": None})


async def test_a_link_for_the_first_administrator_is_worth_nothing_once_there_is_one(start_auth: StartAuth) -> None:
    from millrace.common.testing.service import ADMIN

    auth = await start_auth()
    code = (await auth.ask("POST", "/invites/first-admin", ADMIN))[1]["code"]
    admin = await auth.made("admin", "root1")
    assert (await auth.post("/register", **terms("late", code)))[1]["user"]["role"] == "trader"
    assert (await auth.ask("GET", "/invites", admin))[1]["invites"] == []


async def test_a_wish_for_an_invite_that_comes_again_makes_none_and_tells_no_code(start_auth: StartAuth) -> None:
    auth = await start_auth()
    admin = await auth.made("admin", "root1")
    wish = "00000000-0000-7000-8000-000000000077"
    answers = [await auth.post("/invites", admin, intent_id=wish) for _ in range(2)]
    assert [status for status, _ in answers] == [201, 409]
    assert answers[1][1]["error"]["message"].startswith("this invite was made already")
    assert [one["id"] for one in (await auth.ask("GET", "/invites", admin))[1]["invites"]] == [wish]
