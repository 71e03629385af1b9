"""Signing in as contract application, sessions and passwords."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from libs.contracts.tests.application.asked import answer, ask, call, row
from libs.contracts.tests.samples import ID, NOW, result, sample
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical import users
from millrace.contracts.canonical.frame import Done
from millrace.contracts.table import Call

LOGIN = ("POST", "/auth/login")
ANN = {"username": "ann", "password": "hunter2"}


def test_a_login_takes_name_password_and_device() -> None:
    device = {"ip_address": "10.0.0.1", "user_agent": "cli/1", "device_type": "desktop"}
    command = ask(*LOGIN, body={**ANN, "device_info": device})
    assert (command.name, command.password.get_secret_value(), command.code) == ("ann", "hunter2", None)
    assert command.device.model_dump() == device


def test_a_login_without_a_device_or_with_half_of_one_is_as_good() -> None:
    assert ask(*LOGIN, body=ANN).device is None
    assert ask(*LOGIN, body={**ANN, "device_info": None}).device is None
    device = ask(*LOGIN, body={**ANN, "device_info": {"user_agent": "cli/1", "ip_address": None}}).device
    assert device == users.Device(user_agent="cli/1")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"totp_code": "123456"}, "123456"),
        ({"mfa_token": "654321"}, "654321"),
        ({"totp_code": "123456", "mfa_token": "654321"}, "123456"),
        ({"totp_code": "", "mfa_token": "654321"}, "654321"),
        ({"totp_code": None, "mfa_token": None}, None),
        ({"totp_code": "", "mfa_token": ""}, None),
    ],
)
def test_the_second_factor_goes_by_either_name(given: dict[str, Any], code: str | None) -> None:
    assert ask(*LOGIN, body={**ANN, **given}).code == code


@pytest.mark.parametrize("missing", ["username", "password"])
def test_a_login_needs_name_and_password(missing: str) -> None:
    for body in ({key: value for key, value in ANN.items() if key != missing}, {**ANN, missing: ""}):
        with pytest.raises(ValidationError, match=missing):
            ask(*LOGIN, body=body)


@pytest.mark.parametrize(
    ("field", "longest"), [("username", 254), ("password", 1024), ("totp_code", 64), ("mfa_token", 64)]
)
def test_what_a_login_holds_is_bounded(field: str, longest: int) -> None:
    ask(*LOGIN, body={**ANN, field: "x" * longest})
    with pytest.raises(ValidationError, match=field):
        ask(*LOGIN, body={**ANN, field: "x" * (longest + 1)})


@pytest.mark.parametrize(("field", "longest"), [("ip_address", 64), ("user_agent", 500), ("device_type", 64)])
def test_what_a_device_says_is_bounded(field: str, longest: int) -> None:
    ask(*LOGIN, body={**ANN, "device_info": {field: "x" * longest}})
    with pytest.raises(ValidationError, match=field):
        ask(*LOGIN, body={**ANN, "device_info": {field: "x" * (longest + 1)}})


def test_no_secret_shows_in_what_was_asked() -> None:
    secret = "hunter2-the-second"
    for path, body in (
        ("/auth/login", {**ANN, "password": secret}),
        ("/auth/logout", {"refresh_token": secret}),
        ("/auth/refresh", {"refresh_token": secret}),
        ("/auth/password/reset/complete", {"token": secret, "new_password": secret}),
    ):
        asked = call(row("POST", path), body=body)
        assert secret not in repr(asked)
        assert secret not in repr(row("POST", path).view.parse(asked))


def test_tokens_come_with_their_life_and_their_user() -> None:
    user = sample(users.User, role="admin", permissions=("admin", "read"))
    assert answer(*LOGIN, access_token="aa", refresh_token="rr", expires_in=86_400, user=user) == {
        "access_token": "aa",
        "refresh_token": "rr",
        "token_type": "bearer",
        "expires_in": 86_400,
        "user_context": {
            "user_id": str(ID),
            "username": user.username,
            "role": "admin",
            "permissions": ["admin", "read"],
        },
    }


def test_a_refresh_answers_as_a_login_does() -> None:
    found = result("auth.login")
    assert answer("POST", "/auth/refresh", found) == answer(*LOGIN, found)


@pytest.mark.parametrize(
    ("role", "word"), [("admin", "admin"), ("exporter", "exporter"), ("viewer", "viewer"), ("trader", "viewer")]
)
def test_a_trader_shows_as_a_viewer_who_may_trade(role: str, word: str) -> None:
    user = sample(users.User, role=role, permissions=("read", "trade"))
    assert answer("GET", "/auth/me", user)["role"] == word
    data = answer("GET", "/auth/permissions", user)["data"]
    assert (data["role"], data["permissions"]) == (word, ["read", "trade"])
    assert data["timestamp"] == "2026-01-02T03:04:05Z"


@pytest.mark.parametrize("token", [None, "", "x" * 4097])
def test_a_refresh_needs_a_token(token: str | None) -> None:
    assert ask("POST", "/auth/refresh", body={"refresh_token": "rr"}).refresh_token.get_secret_value() == "rr"
    with pytest.raises(ValidationError, match="refresh_token"):
        ask("POST", "/auth/refresh", body={"refresh_token": token})


def test_a_logout_needs_no_body_and_may_name_a_session() -> None:
    view = row("POST", "/auth/logout").view
    assert view.parse(Call()) == ask("POST", "/auth/logout") == users.Logout()
    named = ask("POST", "/auth/logout", body={"refresh_token": "rr"})
    assert named.refresh_token.get_secret_value() == "rr"


def test_what_was_done_says_when() -> None:
    done = Done(at=NOW)
    assert answer("POST", "/auth/logout", done) == {
        "success": True,
        "message": "Successfully logged out",
        "data": {"timestamp": "2026-01-02T03:04:05Z"},
    }


def test_a_reset_answers_the_same_for_everybody() -> None:
    told = [answer("POST", "/auth/password/reset", Done(at=NOW, subject=who)) for who in ("", "ann@example.org")]
    assert told[0] == told[1]
    assert "ann" not in str(told)


@pytest.mark.parametrize("wrong", ["ann", "@", "a b@c", "a@b c", "", "a@" + "b" * 260])
def test_a_reset_needs_an_address(wrong: str) -> None:
    with pytest.raises(ValidationError, match="email"):
        ask("POST", "/auth/password/reset", body={"email": wrong})


def test_a_reset_is_completed_with_the_mailed_token() -> None:
    command = ask("POST", "/auth/password/reset/complete", body={"token": "tt", "new_password": "longer"})
    assert (command.token.get_secret_value(), command.new_password.get_secret_value()) == ("tt", "longer")
    for missing in ({"token": "tt"}, {"new_password": "longer"}, {"token": "", "new_password": "longer"}):
        with pytest.raises(ValidationError):
            ask("POST", "/auth/password/reset/complete", body=missing)


def test_sessions_tell_where_they_began_and_no_more() -> None:
    device = users.Device(ip_address="10.0.0.1", user_agent="cli/1", device_type="desktop")
    session = users.Session(id=ID, created_at=NOW, device=device)
    data = answer("GET", "/auth/sessions", items=(session,))["data"]
    assert data["sessions"] == [
        {
            "session_id": str(ID),
            "created_at": "2026-01-02T03:04:05Z",
            "device_info": {"ip_address": "10.0.0.1", "user_agent": "cli/1"},
        }
    ]
    assert answer("GET", "/auth/sessions", items=())["data"]["sessions"] == []


def test_a_session_ends_by_its_id() -> None:
    path = "/auth/sessions/{session_id}/terminate"
    assert ask("POST", path).id == UUID(str(ID))
    with pytest.raises(MillraceError) as refused:
        ask("POST", path, path={"session_id": "mine"})
    assert refused.value.code is Code.NOT_FOUND
