"""Signing in and out in contract interfaces."""

from typing import Any

import pytest
from pydantic import ValidationError

from libs.contracts.tests.botplatform.cases import asked, row_of
from libs.contracts.tests.samples import NOW, sample
from millrace.contracts.canonical.frame import Done
from millrace.contracts.canonical.users import Login, Logout, Refresh, SignedIn, User
from millrace.contracts.interfaces import DIALECT

LOGIN, LOGOUT, REFRESH = "POST /api/v1/auth/login", "POST /api/v1/auth/logout", "POST /api/v1/auth/refresh"


def answer(ask: str, result: Any) -> Any:
    """The body that a result becomes."""
    return row_of(DIALECT, ask).view.present(result, NOW)


def test_signing_in_takes_a_name_and_a_password() -> None:
    command = asked(DIALECT, LOGIN, {"username": " ann ", "password": " p w "})
    assert isinstance(command, Login)
    assert (command.name, command.password.get_secret_value()) == ("ann", " p w ")
    assert (command.code, command.device) == (None, None)


@pytest.mark.parametrize("name", ["mfa_token", "totp_code"])
def test_a_second_factor_has_two_names(name: str) -> None:
    assert asked(DIALECT, LOGIN, {"username": "a", "password": "b", name: "123456"}).code == "123456"


def test_signing_in_understands_what_every_contract_sends() -> None:
    told = {
        "username": "a",
        "password": "b",
        "totp_code": "1",
        "mfa_token": None,
        "device_info": {"user_agent": "curl"},
    }
    command = asked(DIALECT, LOGIN, told)
    assert command.code == "1"
    assert command.device.user_agent == "curl"


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": ""},
        {"username": "x" * 255},
        {"password": ""},
        {"password": "x" * 4097},
        {"mfa_token": "x" * 65},
        {"mfa_token": 123456},
        {"device_info": {"user_agent": "x" * 501}},
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_signing_in_is_bounded(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        asked(DIALECT, LOGIN, {"username": "a", "password": "b", **wrong})


def test_who_signed_in_is_told_by_number_with_the_true_life_of_the_token() -> None:
    signed = sample(
        SignedIn,
        access_token="access",
        refresh_token="refresh",
        expires_in=1800,
        user=sample(User, num=42, username="ann"),
    )
    assert answer(LOGIN, signed) == {
        "access_token": "access",
        "refresh_token": "refresh",
        "expires_in": 1800,
        "user": {"id": 42, "username": "ann", "email": "ann@example.org"},
    }


def test_a_refresh_answers_the_access_token_and_its_life_only() -> None:
    command = asked(DIALECT, REFRESH, {"refresh_token": "r"})
    assert isinstance(command, Refresh)
    assert command.refresh_token.get_secret_value() == "r"
    assert answer(REFRESH, sample(SignedIn, access_token="new")) == {"access_token": "new", "expires_in": 3600}


@pytest.mark.parametrize("wrong", [{}, {"refresh_token": ""}, {"refresh_token": None}, {"refresh_token": "x" * 4097}])
def test_a_refresh_needs_a_token(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        asked(DIALECT, REFRESH, wrong)


def test_signing_out_names_a_session_by_its_refresh_token() -> None:
    command = asked(DIALECT, LOGOUT, {"refresh_token": "r"})
    assert isinstance(command, Logout)
    assert command.refresh_token is not None
    assert command.refresh_token.get_secret_value() == "r"


@pytest.mark.parametrize("body", [None, {}, {"refresh_token": None}])
def test_signing_out_works_without_a_body_too(body: Any) -> None:
    assert asked(DIALECT, LOGOUT, body) == Logout()


def test_signing_out_is_told_in_the_documents_words() -> None:
    assert answer(LOGOUT, Done(at=NOW)) == {"message": "Successfully logged out"}


def test_secrets_are_not_shown() -> None:
    assert "hidden" not in repr(asked(DIALECT, LOGIN, {"username": "a", "password": "hidden"}))
    assert "hidden" not in repr(asked(DIALECT, LOGOUT, {"refresh_token": "hidden"}))
