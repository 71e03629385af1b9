"""API keys: what they may do, from where, and how they end."""

from datetime import timedelta
from typing import Any

import pytest

from millrace.auth.domain.rules import within
from millrace.common.auth.principal import Principal
from millrace.common.events.users import ApiKeyRevoked
from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.errors import MillraceError

StartAuth = Any


async def with_key(auth: Any, name: str = "alice", **terms: Any) -> tuple[Principal, dict[str, Any]]:
    """A user and a key of theirs."""
    user, _ = await auth.person(name)
    status, made = await auth.post("/api-keys", user, **{"name": "a key", **terms})
    assert status == 201, made
    return user, made


async def refused(auth: Any, key: str, ip: str = "") -> str:
    """Why a key is not taken."""
    with pytest.raises(MillraceError) as caught:
        await auth.reader().principal(key, ip)
    return str(caught.value.code)


async def test_a_key_is_shown_once_and_stored_as_a_digest(start_auth: StartAuth) -> None:
    auth = await start_auth()
    user, made = await with_key(auth, scopes=["read", "trade"], contract="crypto")
    assert made["key"].startswith(made["prefix"] + "_")
    assert (made["scopes"], made["contract"], made["last_used_at"]) == (["read", "trade"], "crypto", None)
    (shown,) = (await auth.ask("GET", "/api-keys", user))[1]["api_keys"]
    assert "key" not in shown
    assert {**shown, "key": made["key"]} == made
    for table in ("api_keys", "outbox"):
        assert made["key"].split("_", 2)[2] not in repr(await auth.stand.rows("auth", f"select * from {table}"))
    assert [e.subject for e in await auth.told("api_key.create")] == [made["id"]]


async def test_a_key_speaks_for_its_user_within_its_scopes(start_auth: StartAuth) -> None:
    auth = await start_auth()
    user, made = await with_key(auth, contract="crypto")
    principal = await auth.reader().principal(made["key"])
    assert (principal.user_id, principal.username, principal.role) == (user.user_id, "alice", "trader")
    assert (str(principal.session_id), principal.contract, principal.by_key) == (made["id"], "crypto", True)
    assert [principal.may(right) for right in ("read", "trade", "export", "admin")] == [True, False, False, False]
    assert not user.by_key


@pytest.mark.parametrize(
    "terms",
    [
        {"scopes": ["admin"]},
        {"scopes": ["withdraw"]},
        {"scopes": []},
        {"name": ""},
        {"contract": "other"},
        {"addresses": ["nowhere"]},
        {"addresses": ["10.0.0.1/8"]},
        {"expires_at": "2001-01-01T00:00:00Z"},
        {"expires_at": "2101-01-01T00:00:00"},
        {"user_id": "00000000-0000-0000-0000-000000000000"},
    ],
)
async def test_a_key_cannot_be_more_than_its_user(start_auth: StartAuth, terms: dict[str, Any]) -> None:
    auth = await start_auth()
    user, _ = await auth.person()
    assert (await auth.post("/api-keys", user, **{"name": "a key", **terms}))[0] == 422


async def test_a_key_changes_nothing_about_how_its_user_signs_in(start_auth: StartAuth) -> None:
    auth = await start_auth()
    admin = await auth.made("admin", "root1")
    _, made = await auth.post("/api-keys", admin, name="k", scopes=["read", "trade", "export", "admin"])
    principal = await auth.reader().principal(made["key"])
    assert (await auth.ask("GET", "/users/me", principal))[0] == 200
    assert (await auth.ask("GET", "/permissions", principal))[1]["permissions"] == sorted(made["scopes"])
    session = "00000000-0000-0000-0000-000000000000"
    for method, path in (
        *(("POST", p) for p in ("/api-keys", "/tickets", "/2fa/enroll", "/users/me/password", "/invites")),
        *(("POST", p) for p in ("/2fa/verify", "/2fa/disable", "/2fa/recovery-codes", "/sessions/terminate-others")),
        *(("POST", p) for p in ("/users", f"/sessions/{session}/terminate", "/invites/first-admin")),
        *(("GET", p) for p in ("/api-keys", "/sessions", "/users", "/invites", "/users/by-name/root1")),
        *(("PATCH", p) for p in ("/users/me", "/users/1")),
        *(("DELETE", p) for p in (f"/api-keys/{made['id']}", f"/invites/{session}")),
    ):
        status, found = await auth.ask(method, path, principal, json={})
        assert (status, found["error"]["code"]) == (403, "PERMISSION_DENIED"), path


async def test_a_key_works_only_from_its_addresses(start_auth: StartAuth) -> None:
    auth = await start_auth()
    _, made = await with_key(auth, addresses=["203.0.113.7", "2001:db8::/32"])
    assert made["addresses"] == ["203.0.113.7/32", "2001:db8::/32"]
    for good in ("203.0.113.7", "::ffff:203.0.113.7", "2001:db8:9::1"):
        assert await auth.reader().principal(made["key"], good)
    reader = auth.reader()
    assert await reader.principal(made["key"], "203.0.113.7")
    for bad in ("203.0.113.8", "", "nonsense", "2001:db9::1"):
        assert await refused(auth, made["key"], bad) == "PERMISSION_DENIED"
        with pytest.raises(MillraceError):  # what is remembered of one address says nothing of another
            await reader.principal(made["key"], bad)
    assert within("anything", [])


async def test_a_revoked_key_is_out_within_five_seconds(start_auth: StartAuth) -> None:
    clock = ManualClock()
    auth = await start_auth(clock=clock)
    user, made = await with_key(auth)
    other = (await auth.post("/api-keys", user, name="another"))[1]
    bob, _ = await auth.person("bob")
    reader = auth.reader()
    assert await reader.principal(made["key"])
    assert (await auth.ask("DELETE", f"/api-keys/{made['id']}", bob))[0] == 404
    assert await auth.ask("DELETE", f"/api-keys/{made['id']}", user) == (200, {})
    clock.advance(4)
    with pytest.raises(MillraceError):
        await reader.principal(made["key"])
    assert await reader.principal(other["key"])
    live = await auth.post("/introspect", session_ids=[made["id"], other["id"], str(user.session_id)])
    assert set(live[1]["live"]) == {other["id"], str(user.session_id)}
    await auth.stand.rest()
    assert [(e.user_id, str(e.key_id)) for e in auth.stand.said(ApiKeyRevoked)] == [(user.user_id, made["id"])]
    assert (await auth.ask("DELETE", f"/api-keys/{made['id']}", user))[0] == 404
    assert [e.subject for e in await auth.told("api_key.revoke")] == [made["id"]]


async def test_a_disabled_users_keys_stop_and_a_new_role_narrows_them(start_auth: StartAuth) -> None:
    clock = ManualClock()
    auth = await start_auth(clock=clock)
    user, made = await with_key(auth, scopes=["read", "trade"])
    admin = await auth.made("admin", "root1")
    reader = auth.reader()
    assert (await reader.principal(made["key"])).may("trade")
    assert await auth.patch(admin, user.user_id, role="viewer") == 200
    clock.advance(4)
    principal = await reader.principal(made["key"])
    assert (principal.may("read"), principal.may("trade"), principal.role) == (True, False, "viewer")
    assert await auth.patch(admin, user.user_id, is_active=False) == 200
    clock.advance(4)
    with pytest.raises(MillraceError):
        await reader.principal(made["key"])
    assert (await auth.post("/introspect", session_ids=[made["id"]]))[1]["live"] == []


async def test_a_key_expires_and_tells_when_it_was_used(start_auth: StartAuth) -> None:
    clock = ManualClock()
    auth = await start_auth(clock=clock)
    until = (clock.now() + timedelta(hours=1)).isoformat()
    user, made = await with_key(auth, expires_at=until)
    reader = auth.reader()
    admission = await reader.admit(made["key"])
    assert admission.expires_at == (clock.now() + timedelta(hours=1)).timestamp()
    used = [(await auth.ask("GET", "/api-keys", user))[1]["api_keys"][0]["last_used_at"]]
    clock.advance(3599)
    assert await reader.principal(made["key"])
    used.append((await auth.ask("GET", "/api-keys", user))[1]["api_keys"][0]["last_used_at"])
    assert used[0] < used[1]
    clock.advance(2)
    assert await refused(auth, made["key"]) == "AUTH_INVALID"
    assert (await auth.ask("GET", "/api-keys", user))[1]["api_keys"] == []


async def test_what_is_not_a_key_is_refused(start_auth: StartAuth) -> None:
    auth = await start_auth()
    _, made = await with_key(auth)
    for wrong in ("mlr_", made["prefix"], made["key"][:-1], made["key"].upper(), made["key"] + "x", "mlr_\ud800"):
        assert await refused(auth, wrong) == "AUTH_INVALID"


async def test_nobody_has_more_than_fifty_keys(start_auth: StartAuth) -> None:
    auth = await start_auth()
    user, first = await with_key(auth)
    for n in range(49):
        assert (await auth.post("/api-keys", user, name=f"key {n}"))[0] == 201
    assert (await auth.post("/api-keys", user, name="one more"))[0] == 409
    await auth.ask("DELETE", f"/api-keys/{first['id']}", user)
    assert (await auth.post("/api-keys", user, name="one more"))[0] == 201


async def test_a_wish_for_a_key_that_comes_again_makes_none_and_tells_no_secret(start_auth: StartAuth) -> None:
    auth = await start_auth()
    wish = "00000000-0000-7000-8000-000000000077"
    user, made = await with_key(auth, intent_id=wish)
    assert made["id"] == wish
    for again in (user, (await auth.person("bob"))[0]):
        status, found = await auth.post("/api-keys", again, name="a key", intent_id=wish)
        assert (status, found["error"]["code"]) == (409, "IDEMPOTENCY_CONFLICT")
        assert "told once" in found["error"]["message"]
    assert len((await auth.ask("GET", "/api-keys", user))[1]["api_keys"]) == 1
    assert len(await auth.told("api_key.create")) == 1
