"""Registering, signing in and out, tokens, tickets, and what administrators change."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import jwt
import orjson
import pytest

from millrace.common.auth.principal import Principal
from millrace.common.events.users import SessionEnded, UserDisabled, UserEnabled, UserRegistered
from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.errors import MillraceError

PASSWORD = "Correct-Horse-7"
StartAuth = Any


async def test_registering_says_so_once_and_gives_living_tokens(start_auth: StartAuth) -> None:
    auth = await start_auth()
    found = await auth.registered()
    await auth.stand.rest()
    said = auth.stand.said(UserRegistered)
    assert [(str(e.user_id), e.username, e.role) for e in said] == [(found["user"]["id"], "alice", "trader")]
    principal = await auth.reader().principal(found["access_token"])
    assert (str(principal.user_id), principal.role) == (found["user"]["id"], "trader")
    assert "password" not in orjson.dumps(found).decode()


@pytest.mark.parametrize("other", [{"username": "ALICE"}, {"email": "Alice@Example.COM"}])
async def test_of_many_who_ask_for_one_name_at_once_one_gets_it(start_auth: StartAuth, other: dict[str, str]) -> None:
    auth = await start_auth()
    terms = {"username": "alice", "email": "alice@example.com", "password": PASSWORD}
    free = "username" if "email" in other else "email"
    tried = [{**terms, free: f"user{n}{'@x.org' if free == 'email' else ''}"} for n in range(8)]
    asked = [auth.post("/register", **({**t, **other} if n % 2 else t)) for n, t in enumerate(tried)]
    assert Counter(status for status, _ in await asyncio.gather(*asked)) == {200: 1, 409: 7}
    assert len(await auth.stand.rows("auth", "select 1 from users")) == 1


WRONG = [
    {"username": "al"},
    {"username": "a" * 65},
    {"username": "al ice"},
    {"username": "аlice"},  # a Cyrillic letter
    {"username": "alice\n"},
    {"username": "bob@example.com"},
    {"email": "alice"},
    {"email": "alice@"},
    {"email": "аlice@example.com"},
    {"email": "a@example.com\r\nbcc: b@example.com"},
    {"password": "short"},
    {"password": "x" * 129},
    {"password": "aaaaaaaa"},
    {"password": "PASSWORD123"},
    {"username": "alice.smith", "password": "htims.ecila"},
    {"email": "alice@example.com", "password": "alice@example.com"},
    {"password": None},
    {"role": "admin"},
    {"is_active": True},
]


async def test_names_addresses_and_passwords_that_are_not_good_are_refused(start_auth: StartAuth) -> None:
    auth = await start_auth()
    good = {"username": "alice", "email": "alice@example.com", "password": PASSWORD}
    for change in WRONG:
        status, found = await auth.post("/register", **{**good, **change})
        assert (status, found["error"]["code"]) == (422, "VALIDATION_ERROR"), change
    assert await auth.stand.rows("auth", "select 1 from users") == []


async def test_nobody_can_take_anothers_address_as_a_name(start_auth: StartAuth) -> None:
    auth = await start_auth()
    await auth.registered("victim")
    status, _ = await auth.post(
        "/register", username="victim@example.com", email="thief@example.com", password=PASSWORD
    )
    assert status == 422
    assert (await auth.login("VICTIM@example.com"))[1]["user"]["username"] == "victim"
    await auth.registered("carol@example.com", email="carol@example.com")
    assert (await auth.login("Carol@example.com"))[0] == 200


async def test_a_password_is_the_same_however_it_is_composed(start_auth: StartAuth) -> None:
    auth = await start_auth()
    await auth.registered(password="Pa\u00df-caf\u00e9-77")
    assert (await auth.login(password="Pa\u00df-cafe\u0301-77"))[0] == 200
    assert (await auth.login(password="Pa\u00df-cafe-77"))[0] == 401


async def test_a_wrong_password_an_unknown_user_and_a_disabled_one_look_and_cost_the_same(
    start_auth: StartAuth, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = await start_auth()
    user = await auth.registered()
    other = await auth.registered("disabled")
    admin = await auth.made("admin", "root1")
    assert await auth.patch(admin, other["user"]["id"], is_active=False) == 200
    hashed: list[str] = []
    from pwdlib.hashers.argon2 import Argon2Hasher

    verify = Argon2Hasher.verify

    def counted(self: Argon2Hasher, password: str | bytes, hash: str | bytes) -> bool:
        hashed.append(str(hash).split("$")[3])
        return verify(self, password, hash)

    monkeypatch.setattr(Argon2Hasher, "verify", counted)
    answers = [await auth.login("alice", "wrong"), await auth.login("nobody"), await auth.login("disabled")]
    for _, found in answers:
        found["error"].pop("request_id")
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 401
    assert len(hashed) == 3
    assert len(set(hashed)) == 1
    assert user


async def test_a_disabled_user_is_out_at_once_and_can_come_back(start_auth: StartAuth) -> None:
    auth = await start_auth()
    found, other = await auth.registered(), await auth.registered("bob")
    user = Principal(UUID(found["user"]["id"]), "alice", "trader")
    ticket = (await auth.post("/tickets", user))[1]["ticket"]
    admin = await auth.made("admin", "root1")
    assert await auth.patch(admin, user.user_id, is_active=False) == 200
    await auth.stand.rest()
    assert [e.user_id for e in auth.stand.said(UserDisabled)] == [user.user_id]
    assert [(e.user_id, e.reason) for e in auth.stand.said(SessionEnded)] == [(user.user_id, "disabled")]
    with pytest.raises(MillraceError):
        await auth.reader().principal(found["access_token"])
    for path, body in (
        ("/refresh", {"refresh_token": found["refresh_token"]}),
        ("/tickets/redeem", {"ticket": ticket}),
        ("/login", {"username": "alice", "password": PASSWORD}),
    ):
        assert (await auth.post(path, **body))[0] == 401, path
    assert await auth.reader().principal(other["access_token"])
    assert await auth.patch(admin, user.user_id, is_active=False) == 200
    for _ in range(2):
        assert await auth.patch(admin, user.user_id, is_active=True) == 200
    await auth.stand.rest()
    assert len(auth.stand.said(UserDisabled)) == 1
    assert [e.user_id for e in auth.stand.said(UserEnabled)] == [user.user_id]
    assert (await auth.login())[0] == 200
    assert (await auth.post("/refresh", refresh_token=found["refresh_token"]))[0] == 401


async def test_a_new_role_ends_the_sessions_that_had_the_old_one(start_auth: StartAuth) -> None:
    auth = await start_auth()
    found = await auth.registered()
    admin = await auth.made("admin", "root1")
    assert await auth.patch(admin, found["user"]["id"], role="viewer") == 200
    with pytest.raises(MillraceError):
        await auth.reader().principal(found["access_token"])
    again = (await auth.login())[1]
    assert (await auth.reader().principal(again["access_token"])).role == "viewer"


async def test_a_login_beside_a_role_change_waits_for_the_new_role(start_auth: StartAuth) -> None:
    auth = await start_auth()
    user_id = (await auth.registered())["user"]["id"]
    waiting = "select 1 from pg_locks where not granted"
    async with auth.stand.host.running["auth"].database.transaction() as connection:
        await connection.execute("update users set role = 'viewer' where id = $1", UUID(user_id))
        signing_in = asyncio.create_task(auth.login())

        async def held_up() -> bool:
            return signing_in.done() or bool(await auth.stand.rows("auth", waiting))

        await auth.stand.host.until(held_up)
    _, found = await signing_in
    assert (await auth.reader().principal(found["access_token"])).role == "viewer"


async def test_only_other_administrators_change_users(start_auth: StartAuth) -> None:
    auth = await start_auth()
    trader, viewer = await auth.made("trader", "trader1"), await auth.made("viewer", "viewer1")
    admin = await auth.made("admin", "root1")
    assert await auth.patch(trader, trader.user_id, role="admin") == 403
    assert await auth.patch(viewer, trader.user_id, is_active=False) == 403
    assert await auth.patch(admin, admin.user_id, role="viewer") == 403
    assert await auth.patch(admin, uuid4(), role="viewer") == 404
    assert await auth.patch(admin, trader.user_id, role="owner") == 422
    assert await auth.patch(admin, "7", role="viewer") == 404


async def test_who_may_only_read_still_changes_their_own_profile(start_auth: StartAuth) -> None:
    auth = await start_auth()
    viewer = await auth.made("viewer", "viewer1")
    body = {"full_name": "V", "preferences": {"theme": "dark"}}
    assert (await auth.stand.ask("auth", "PATCH", "/users/me", viewer, json=body)).value()["full_name"] == "V"
    body = {"preferences": {"language": "en"}}
    shown = (await auth.stand.ask("auth", "PATCH", "/users/me", viewer, json=body)).value()
    assert (shown["full_name"], shown["preferences"]) == ("V", {"theme": "dark", "language": "en"})


async def test_a_ticket_signs_in_once_however_many_try_at_once(start_auth: StartAuth) -> None:
    auth = await start_auth()
    found = await auth.registered()
    user = Principal(UUID(found["user"]["id"]), "alice", "trader")
    ticket = (await auth.post("/tickets", user))[1]["ticket"]
    tried = await asyncio.gather(*(auth.post("/tickets/redeem", ticket=ticket) for _ in range(20)))
    assert Counter(status for status, _ in tried) == {200: 1, 401: 19}


async def test_tickets_and_sessions_expire(start_auth: StartAuth) -> None:
    clock = ManualClock()
    auth = await start_auth(clock=clock)
    found = await auth.registered()
    user = Principal(UUID(found["user"]["id"]), "alice", "trader")
    ticket = (await auth.post("/tickets", user))[1]["ticket"]
    clock.advance(601)
    assert (await auth.post("/tickets/redeem", ticket=ticket))[0] == 401
    tokens = auth.reader()
    assert await tokens.principal(found["access_token"])
    clock.advance(3000)
    with pytest.raises(MillraceError):
        await tokens.principal(found["access_token"])
    status, again = await auth.post("/refresh", refresh_token=found["refresh_token"])
    assert status == 200
    assert await tokens.principal(again["access_token"])
    clock.advance(7 * 24 * 3600)
    assert (await auth.post("/refresh", refresh_token=found["refresh_token"]))[0] == 401
    with pytest.raises(MillraceError):
        await tokens.principal(again["access_token"])


async def test_what_was_over_for_a_month_is_forgotten_and_nothing_else(start_auth: StartAuth) -> None:
    clock = ManualClock()
    auth = await start_auth(clock=clock)
    found = await auth.registered()
    await auth.post("/tickets", Principal(UUID(found["user"]["id"]), "alice", "trader"))
    clock.advance(36 * 24 * 3600)
    await auth.login()
    await auth.restarted(clock=clock)
    assert [len(await auth.stand.rows("auth", f"select 1 from {table}")) for table in ("sessions", "tickets")] == [2, 0]
    clock.advance(2 * 24 * 3600)
    await auth.restarted(clock=clock)
    assert len(await auth.stand.rows("auth", "select 1 from sessions")) == 1


async def test_a_session_that_logged_out_is_worth_nothing(start_auth: StartAuth) -> None:
    auth = await start_auth()
    found, spared = await auth.registered(), (await auth.login())[1]
    assert (await auth.post("/logout", refresh_token=found["refresh_token"]))[0] == 200
    assert (await auth.post("/refresh", refresh_token=found["refresh_token"]))[0] == 401
    with pytest.raises(MillraceError):
        await auth.reader().principal(found["access_token"])
    assert (await auth.post("/logout", refresh_token=found["refresh_token"]))[0] == 200
    assert await auth.reader().principal(spared["access_token"])
    await auth.stand.rest()
    assert len(auth.stand.said(SessionEnded)) == 1


async def test_nobody_ends_a_session_without_a_token_for_it(start_auth: StartAuth) -> None:
    auth = await start_auth()
    found = await auth.registered()
    session = jwt.decode(found["access_token"], options={"verify_signature": False})["sid"]
    assert (await auth.post("/logout", session_id=session))[0] == 422
    assert (await auth.post("/logout"))[0] == 401
    assert (await auth.post("/logout", refresh_token=found["access_token"]))[0] == 401
    assert await auth.reader().principal(found["access_token"])


async def test_more_logins_at_once_than_fit_are_told_to_come_back(
    start_auth: StartAuth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_AUTH_HASH_QUEUE", "3")
    auth = await start_auth()
    await auth.registered()
    answers = await asyncio.gather(
        *(
            auth.stand.ask("auth", "POST", "/login", None, json={"username": "alice", "password": "x"})
            for _ in range(10)
        )
    )
    assert Counter(answer.status for answer in answers) == {401: 3, 503: 7}
    assert {answer.headers.get("retry-after") for answer in answers if answer.status == 503} == {"2"}
    assert (await auth.login())[0] == 200


async def test_users_see_only_themselves(start_auth: StartAuth) -> None:
    auth = await start_auth()
    mine, other = await auth.made("trader", "mine1"), await auth.made("trader", "other1")
    assert (await auth.stand.ask("auth", "GET", "/users/me", mine)).value()["username"] == "mine1"
    assert (await auth.stand.ask("auth", "GET", f"/users/by-name/{other.username}", mine)).status == 404
    assert (await auth.stand.ask("auth", "GET", "/users/me", None)).status == 401
    async with auth.stand.host.running["auth"].database.as_user(mine.user_id) as connection:
        assert len(await connection.fetch("select * from users")) == 1
        assert await connection.fetch("select * from sessions where user_id = $1", other.user_id) == []
