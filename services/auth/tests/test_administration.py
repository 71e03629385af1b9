"""What administrators see and change, and what is on record of it."""

from typing import Any
from uuid import UUID

import pytest

from millrace.common.events.users import Audited

StartAuth = Any


async def test_users_are_listed_page_by_page(start_auth: StartAuth) -> None:
    auth = await start_auth()
    admin = await auth.made("admin", "root1")
    for n in range(5):
        await auth.made("trader" if n % 2 else "viewer", f"user{n}")

    async def page(**query: Any) -> tuple[list[str], int]:
        status, found = await auth.ask("GET", "/users", admin, query=query)
        assert status == 200, found
        return [user["username"] for user in found["items"]], found["total"]

    assert await page() == (["root1", "user0", "user1", "user2", "user3", "user4"], 6)
    assert await page(limit=2, offset=1) == (["user0", "user1"], 6)
    assert await page(offset=50) == ([], 6)
    assert await page(role="trader") == (["user1", "user3"], 2)
    assert await page(q="SER4") == (["user4"], 1)
    assert await page(q="%") == ([], 0)
    await auth.patch(admin, (await auth.users("user4"))["id"], is_active=False)
    assert await page(is_active=False) == (["user4"], 1)
    for wrong in ({"limit": 0}, {"limit": 501}, {"offset": -1}, {"role": "owner"}):
        assert (await auth.ask("GET", "/users", admin, query=wrong))[0] == 422
    trader = await auth.made("trader", "trader1")
    assert (await auth.ask("GET", "/users", trader))[0] == 403


async def test_a_user_is_named_by_id_or_number(start_auth: StartAuth) -> None:
    auth = await start_auth()
    admin, user = await auth.made("admin", "root1"), await auth.made("trader", "trader1")
    number = (await auth.users("trader1"))["num"]
    for named in (user.user_id, number):
        assert await auth.patch(admin, named, is_active=False) == 200
        assert await auth.patch(admin, named, is_active=True) == 200
    for nobody in ("0", "99999999999999999999", "trader1", "-1"):
        assert await auth.patch(admin, nobody, is_active=False) == 404
    own = (await auth.users("root1"))["num"]
    assert await auth.patch(admin, own, role="viewer") == 403


async def test_what_people_do_is_on_record_and_holds_no_secret(start_auth: StartAuth) -> None:
    auth = await start_auth()
    admin = await auth.made("admin", "root1")
    user, found = await auth.person(ip="198.51.100.4")
    await auth.login(password="a wrong password", ip="203.0.113.1")
    await auth.login(ip="198.51.100.4")
    await auth.post("/logout", refresh_token=found["refresh_token"])
    await auth.patch(admin, user.user_id, role="exporter")
    await auth.patch(admin, user.user_id, is_active=False)
    await auth.patch(admin, user.user_id, is_active=True)
    await auth.stand.rest()
    said = [(e.user_id, e.action, e.outcome, e.ip) for e in auth.stand.said(Audited)]
    mine = [line[1:] for line in said if line[0] == user.user_id]
    assert mine == [
        ("user.create", "trader", "198.51.100.4"),
        ("login", "registration", "198.51.100.4"),
        ("login", "password", "198.51.100.4"),
        ("session.end", "logout", ""),
    ]
    assert (None, "login.fail", "wrong password", "203.0.113.1") in said
    by_admin = [(e.action, e.subject, e.outcome) for e in auth.stand.said(Audited) if e.user_id == admin.user_id]
    assert by_admin == [
        ("user.role", str(user.user_id), "exporter"),
        ("user.disable", str(user.user_id), "done"),
        ("user.enable", str(user.user_id), "done"),
    ]
    text = repr(auth.stand.messages)
    for secret in ("Correct-Horse-7", "a wrong password", found["refresh_token"], found["access_token"]):
        assert secret not in text
    assert all(UUID(e.subject) for e in auth.stand.said(Audited) if e.subject != "nobody")


@pytest.mark.parametrize("table", ["recovery_codes", "api_keys", "password_resets", "sessions", "invites", "tickets"])
async def test_a_users_connection_sees_no_rows_of_others(start_auth: StartAuth, table: str) -> None:
    auth = await start_auth()
    admin = await auth.made("admin", "root1")
    user, _ = await auth.person()
    other, _ = await auth.person("bob")
    for who in (user, other):
        await auth.post("/api-keys", who, name="a key")
        await auth.post("/tickets", who)
    await auth.post("/invites", admin)
    rows = "insert into recovery_codes (hash, user_id) select $1, id from users where id = $2"
    for n, who in enumerate((user, other)):
        await auth.stand.rows("auth", rows, bytes([n]) * 32, who.user_id)
        reset = "insert into password_resets (hash, user_id, created_at, expires_at) values ($1, $2, now(), now())"
        await auth.stand.rows("auth", reset, bytes([n]) * 32, who.user_id)
    async with auth.stand.host.running["auth"].database.as_user(user.user_id) as connection:
        owners = {row["user_id"] for row in await connection.fetch(f"select user_id from {table}")}
        assert owners == (set() if table == "invites" else {user.user_id})
        assert await connection.fetch("select 1 from login_failures") == []
