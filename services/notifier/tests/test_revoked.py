"""Streams that were opened with an API key or by a session that its user terminates."""

from typing import Any

import jwt
import pytest

from millrace.common.auth.principal import Principal


async def with_key(post: Any, *scopes: str, **options: Any) -> tuple[Any, Principal, dict[str, Any]]:
    """A user, who they are to the auth service, and a key of theirs."""
    user = await post.user()
    who = Principal(user.id, "somebody", "trader")
    asked = {"name": "a key", "scopes": scopes or ["read"], **options}
    made = (await post.stand.ask("auth", "POST", "/api-keys", who, json=asked)).value()
    return user, who, made


def bearer(user: Any, key: dict[str, Any]) -> Any:
    """The user, with the key in place of the token."""
    return type(user)(user.id, key["key"], user.refresh_token)


async def test_a_key_opens_streams_that_end_when_it_is_revoked(start_post: Any) -> None:
    post = await start_post()
    user, who, key = await with_key(post)
    async with (
        post.socket(bearer(user, key)) as socket,
        post.events(bearer(user, key)) as events,
        post.socket(user) as spared,
    ):
        await socket.ready()
        await spared.ready()
        assert await events.next() == {"retry": "1000"}
        assert (await post.stand.ask("auth", "DELETE", f"/api-keys/{key['id']}", who)).status == 200
        end = await socket.next()
        assert (end["close"], end["reason"]) == (4401, "the API key is revoked")
        assert (await events.data())["code"] == 4401
        await spared.ready()


async def test_a_key_whose_end_was_not_heard_ends_its_streams_too(
    start_post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFIER_WATCH_SECONDS", "0.1")
    post = await start_post()
    user, _, key = await with_key(post)
    async with post.socket(bearer(user, key)) as socket, post.socket(user) as spared:
        await socket.ready()
        query = "update api_keys set revoked_at = now() where user_id = $1 returning id"
        assert await post.stand.rows("auth", query, user.id)
        assert (await socket.next())["close"] == 4401
        await spared.ready()


@pytest.mark.parametrize("terms", [{"scopes": ["trade"]}, {"addresses": ["203.0.113.0/24"]}])
async def test_a_key_that_may_not_read_or_not_from_here_opens_nothing(start_post: Any, terms: Any) -> None:
    post = await start_post()
    user, _, key = await with_key(post, *terms.pop("scopes", ()), **terms)
    async with post.socket(bearer(user, key)) as socket:
        assert (await socket.next())["code"] == "PERMISSION_DENIED"


async def test_a_session_that_its_user_terminates_ends_its_streams_and_no_others(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    who = Principal(user.id, "somebody", "trader")
    name = (await post.stand.ask("auth", "GET", "/users/me", who)).value()["username"]
    asked = {"username": name, "password": "SecurePass123!"}
    again = (await post.stand.ask("auth", "POST", "/login", None, json=asked)).value()
    other = type(user)(user.id, again["access_token"], again["refresh_token"])
    session = jwt.decode(user.token, options={"verify_signature": False})["sid"]
    async with post.socket(user) as socket, post.socket(other) as spared:
        await socket.ready()
        await spared.ready()
        assert (await post.stand.ask("auth", "POST", f"/sessions/{session}/terminate", who)).status == 200
        assert (await socket.next())["close"] == 4401
        await spared.ready()
