"""Signing in and profiles in contract botplatform."""

from typing import Any

import pytest
from pydantic import ValidationError

from libs.contracts.tests.botplatform.cases import asked, misfits, row_of
from libs.contracts.tests.samples import ID, NOW, sample
from millrace.contracts.botplatform import DIALECT
from millrace.contracts.canonical.system import Health
from millrace.contracts.canonical.users import Login, Refresh, Register, SignedIn, UpdateUser, User

REGISTER = "POST /api/v1/auth/register"
LOGIN = "POST /api/v1/auth/login"
REFRESH = "POST /api/v1/auth/refresh"
ME = "GET /api/v1/users/me"
SET_ME = "PATCH /api/v1/users/me"
NEW = {"username": "trader123", "email": "trader@example.com", "password": "SecurePass123!", "full_name": "John Trader"}


def answer(ask: str, result: Any) -> Any:
    """The body that a result becomes."""
    return row_of(DIALECT, ask).view.present(result, NOW)


def test_registering_takes_the_documented_fields() -> None:
    command = asked(DIALECT, REGISTER, NEW)
    assert isinstance(command, Register)
    assert (command.username, command.email, command.full_name) == ("trader123", "trader@example.com", "John Trader")
    assert command.password.get_secret_value() == "SecurePass123!"
    assert command.invite_code is None


def test_registering_works_without_a_full_name_and_with_an_invite() -> None:
    told = {key: value for key, value in NEW.items() if key != "full_name"}
    command = asked(DIALECT, REGISTER, {**told, "invite_code": "abc"})
    assert (command.full_name, command.invite_code) == ("", "abc")


def test_nobody_makes_themselves_an_administrator() -> None:
    assert asked(DIALECT, REGISTER, {**NEW, "role": "admin", "is_active": False}) == asked(DIALECT, REGISTER, NEW)


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "no address"},
        {"email": "a@b c"},
        {"email": "@"},
        {"email": "a" * 250 + "@b.org"},
        {"username": ""},
        {"username": "  "},
        {"username": "a" * 255},
        {"password": ""},
        {"password": "a" * 4097},
        {"full_name": "a" * 201},
        {"full_name": None},
        {"username": 5},
    ],
    ids=str,
)
def test_a_registration_is_bounded(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        asked(DIALECT, REGISTER, {**NEW, **wrong})


def test_signing_in_takes_a_name_and_a_password() -> None:
    command = asked(DIALECT, LOGIN, {"username": "trader123", "password": "SecurePass123!"})
    assert isinstance(command, Login)
    assert (command.name, command.password.get_secret_value()) == ("trader123", "SecurePass123!")
    assert (command.code, command.device) == (None, None)


@pytest.mark.parametrize("name", ["totp_code", "mfa_token"])
def test_a_second_factor_has_two_names(name: str) -> None:
    assert asked(DIALECT, LOGIN, {"username": "a", "password": "b", name: " 123456 "}).code == "123456"


def test_signing_in_understands_what_every_contract_sends() -> None:
    told = {
        "username": "a",
        "password": "b",
        "totp_code": None,
        "mfa_token": "123456",
        "device_info": {"ip_address": "10.0.0.1", "user_agent": "curl", "device_type": "desktop", "colour": "red"},
    }
    command = asked(DIALECT, LOGIN, told)
    assert command.code == "123456"
    assert command.device.model_dump() == {"ip_address": "10.0.0.1", "user_agent": "curl", "device_type": "desktop"}


@pytest.mark.parametrize(
    "wrong", [{"username": "a"}, {"password": "b"}, {"username": "a", "password": ""}, {"username": 1, "password": "b"}]
)
def test_signing_in_needs_both(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        asked(DIALECT, LOGIN, wrong)


def test_passwords_and_tokens_are_not_shown() -> None:
    assert "SecurePass123!" not in repr(asked(DIALECT, REGISTER, NEW))
    assert "hidden-token" not in repr(asked(DIALECT, REFRESH, {"refresh_token": "hidden-token"}))


def test_who_signed_in_is_told_by_uuid_with_both_tokens() -> None:
    signed = sample(SignedIn, access_token="access", refresh_token="refresh")
    body = answer(LOGIN, signed)
    assert (body["access_token"], body["refresh_token"], body["token_type"]) == ("access", "refresh", "bearer")
    assert body["user"]["id"] == str(ID)
    assert "expires_in" not in body
    assert answer(REGISTER, signed) == body


def test_a_refresh_answers_the_access_token_only() -> None:
    command = asked(DIALECT, REFRESH, {"refresh_token": "r"})
    assert isinstance(command, Refresh)
    assert command.refresh_token.get_secret_value() == "r"
    assert answer(REFRESH, sample(SignedIn, access_token="new")) == {"access_token": "new", "token_type": "bearer"}


def test_a_profile_has_the_two_preferences_of_the_document() -> None:
    liked = {"theme": "light", "language": "de", "font": "big"}
    body = answer(ME, sample(User, preferences=liked))
    assert body["preferences"] == {"theme": "light", "language": "de"}
    assert body["created_at"] == "2026-01-02T03:04:05Z"


def test_preferences_never_set_have_values() -> None:
    assert answer(ME, sample(User, preferences={}))["preferences"] == {"theme": "dark", "language": "en"}


def test_someone_without_a_name_has_an_empty_one() -> None:
    assert answer(ME, sample(User, full_name=""))["full_name"] == ""


@pytest.mark.parametrize(
    ("told", "name", "liked"),
    [
        ({}, None, {}),
        ({"full_name": "John Updated"}, "John Updated", {}),
        ({"preferences": {"theme": "light"}}, None, {"theme": "light"}),
        ({"preferences": {"language": "de", "theme": None}}, None, {"language": "de"}),
        ({"preferences": None, "full_name": ""}, "", {}),
        ({"preferences": {"font": "big"}, "email": "other@example.com"}, None, {}),
    ],
)
def test_only_what_is_given_of_a_profile_changes(told: dict[str, Any], name: str | None, liked: dict[str, str]) -> None:
    command = asked(DIALECT, SET_ME, told)
    assert isinstance(command, UpdateUser)
    assert (command.full_name, command.preferences) == (name, liked)


@pytest.mark.parametrize(
    "wrong", [{"preferences": {"theme": "x" * 41}}, {"preferences": {"theme": ""}}, {"preferences": "dark"}]
)
def test_preferences_are_bounded(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        asked(DIALECT, SET_ME, wrong)


@pytest.mark.parametrize(("state", "word"), [("ok", "healthy"), ("degraded", "unhealthy"), ("down", "unhealthy")])
def test_health_is_a_word_of_this_contract(state: str, word: str) -> None:
    health = sample(Health, status=state, environment="development", version="1.0.0")
    assert answer("GET /health", health) == {"status": word, "environment": "development", "version": "1.0.0"}
    assert answer("GET /api/v1/health", health) == {"status": word, "timestamp": "2026-01-02T03:04:05Z"}


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"a": "1"}, {"a": "int"}),
        ({"a": True}, {"a": "int"}),
        ({"a": 1}, {}),
        ({}, {"a": "int"}),
        ([], ["text"]),
        (["x", 1], ["text"]),
        ({"a": None}, {"a": "text"}),
        ({"a": "1e5"}, {"a": "amount"}),
        ({"a": "2026-01-02T03:04:05.678Z"}, {"a": "time"}),
        ({"a": "SELL"}, {"a": "BUY|HOLD"}),
        ({"a": {"b": 1.5}}, {"a": {"b": "int"}}),
    ],
)
def test_the_check_of_answers_finds_what_does_not_fit(told: Any, kind: Any) -> None:
    assert len(misfits(told, kind)) == 1
