"""Signing in at contract network, by e-mail address."""

from datetime import UTC, datetime
from typing import Any

import pytest

from libs.contracts.tests.crypto.desk import Desk, kinds, without
from libs.contracts.tests.samples import ID, sample
from millrace.contracts.canonical.frame import MOST, Listing, Nothing, Page
from millrace.contracts.canonical.users import Login, Register, User, VerifyTwoFactor
from millrace.contracts.network import DIALECT

NETWORK = Desk(DIALECT, "/api/")
REGISTER, LOGIN = "POST auth/register", "POST auth/login"
ENROLL, VERIFY, USERS = "POST auth/2fa/enroll", "POST auth/2fa/verify", "GET admin/users"
NEW: dict[str, Any] = {
    "email": "user@example.com",
    "password": "securepassword",
    "first_name": "John",
    "invite_code": "optional_invite_code",
}
KNOWN: dict[str, Any] = {"email": "user@example.com", "password": "password", "totp_code": "123456"}
JOHN: dict[str, Any] = {
    "email": "user@example.com",
    "full_name": "John",
    "role": "trader",
    "currency": "ZAR",
    "system_mode": "testing",
    "two_factor_enabled": False,
    "created_at": datetime(2024, 1, 1, tzinfo=UTC),
}


def user(**changes: Any) -> User:
    """The document's own user, with changes."""
    return sample(User, **{**JOHN, **changes})


def test_a_registration_is_read_as_the_document_writes_it() -> None:
    command = NETWORK.asks(REGISTER, NEW)
    assert command == Register(
        username="user@example.com",
        email="user@example.com",
        password="securepassword",
        full_name="John",
        invite_code="optional_invite_code",
    )


@pytest.mark.parametrize("code", [None, ...])
def test_an_invitation_may_be_missing(code: Any) -> None:
    told = without(NEW, "invite_code") if code is ... else {**NEW, "invite_code": None}
    assert NETWORK.asks(REGISTER, told).invite_code is None


@pytest.mark.parametrize(
    "key", ["id", "role", "is_admin", "username", "currency", "system_mode", "two_factor_enabled", "permissions"]
)
def test_nobody_makes_themselves_more_than_a_user(key: str) -> None:
    assert NETWORK.asks(REGISTER, {**NEW, key: "admin"}) == NETWORK.asks(REGISTER, NEW)
    assert NETWORK.asks(LOGIN, {**KNOWN, key: "admin"}) == NETWORK.asks(LOGIN, KNOWN)


@pytest.mark.parametrize("name", ["email", "password", "first_name"])
def test_what_a_registration_cannot_do_without_must_be_there(name: str) -> None:
    assert NETWORK.wrong(REGISTER, without(NEW, name)) == [name]
    assert NETWORK.wrong(REGISTER, {**NEW, name: None}) == [name]


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"email": "ab"}, "email"),
        ({"email": "x" * 255}, "email"),
        ({"email": 5}, "email"),
        ({"password": "x" * 1025}, "password"),
        ({"password": 5}, "password"),
        ({"first_name": ""}, "first_name"),
        ({"first_name": "x" * 101}, "first_name"),
        ({"invite_code": "x" * 201}, "invite_code"),
        ({"invite_code": 5}, "invite_code"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_registration_is_bounded(told: dict[str, Any], field: str) -> None:
    assert NETWORK.wrong(REGISTER, {**NEW, **told}) == [field]


def test_whoever_registered_is_told_as_in_the_document() -> None:
    assert NETWORK.answers(REGISTER, access_token="jwt_token_string", user=user()) == {
        "token": "jwt_token_string",
        "user": {
            "id": str(ID),
            "email": "user@example.com",
            "first_name": "John",
            "currency": "ZAR",
            "system_mode": "testing",
            "two_factor_enabled": False,
        },
    }


@pytest.mark.parametrize("mode", ["testing", "live_trading", "autopilot"])
def test_a_user_has_a_mode_and_a_currency(mode: str) -> None:
    body = NETWORK.answers(REGISTER, user=user(system_mode=mode, currency="EUR", two_factor_enabled=True))
    assert (body["user"]["system_mode"], body["user"]["currency"]) == (mode, "EUR")
    assert body["user"]["two_factor_enabled"] is True


def test_a_login_is_read_as_the_document_writes_it() -> None:
    assert NETWORK.asks(LOGIN, KNOWN) == Login(name="user@example.com", password="password", code="123456")
    assert NETWORK.asks(LOGIN, without(KNOWN, "totp_code")).code is None


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ({"mfa_token": "222222"}, "222222"),
        ({"totp_code": "111111", "mfa_token": "222222"}, "111111"),
        ({"totp_code": "", "mfa_token": "222222"}, "222222"),
        ({"totp_code": None}, None),
    ],
)
def test_the_second_factor_has_two_names(codes: dict[str, Any], code: str | None) -> None:
    assert NETWORK.asks(LOGIN, {**without(KNOWN, "totp_code"), **codes}).code == code


def test_a_password_is_never_written_out() -> None:
    for command in (NETWORK.asks(LOGIN, KNOWN), NETWORK.asks(REGISTER, NEW)):
        assert command.password.get_secret_value() in ("password", "securepassword")
        assert "securepassword" not in f"{command!r} {command.model_dump_json()}"


@pytest.mark.parametrize("name", ["email", "password"])
def test_a_login_is_two_things(name: str) -> None:
    assert NETWORK.wrong(LOGIN, without(KNOWN, name)) == [name]


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"email": "x" * 255}, "email"),
        ({"password": "x" * 1025}, "password"),
        ({"totp_code": "1" * 65}, "totp_code"),
        ({"totp_code": 123456}, "totp_code"),
        ({"mfa_token": "1" * 65}, "mfa_token"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_login_is_bounded(told: dict[str, Any], field: str) -> None:
    assert NETWORK.wrong(LOGIN, {**KNOWN, **told}) == [field]


def test_whoever_signed_in_is_told_as_in_the_document() -> None:
    assert NETWORK.answers(LOGIN, access_token="jwt_token_string", user=user()) == {
        "token": "jwt_token_string",
        "user": {"id": str(ID), "email": "user@example.com", "first_name": "John"},
    }


@pytest.mark.parametrize(("full", "first"), [("John Smith", "John"), ("John", "John"), ("", "john1"), (" ", "john1")])
def test_a_first_name_is_the_first_word_or_what_the_user_is_called(full: str, first: str) -> None:
    assert NETWORK.answers(LOGIN, user=user(full_name=full, username="john1"))["user"]["first_name"] == first


def test_an_authenticator_is_set_up_as_in_the_document() -> None:
    uri = "otpauth://totp/Amarktai:user@example.com?secret=SECRET&issuer=Amarktai"
    told = {"secret": "BASE32_SECRET", "provisioning_uri": uri, "qr_code": "data:image/png;base64,AAAA"}
    assert NETWORK.answers(ENROLL, **told) == {"success": True, **told}
    assert NETWORK.asks(ENROLL) == Nothing()


def test_a_code_switches_the_second_factor_on() -> None:
    assert NETWORK.asks(VERIFY, {"totp_code": "123456"}) == VerifyTwoFactor(code="123456")
    assert NETWORK.answers(VERIFY) == {"success": True, "message": "2FA enabled successfully"}


@pytest.mark.parametrize("told", [{}, {"totp_code": ""}, {"totp_code": "1" * 65}, {"totp_code": 123456}, {"mfa": "1"}])
def test_a_code_is_bounded(told: dict[str, Any]) -> None:
    assert NETWORK.wrong(VERIFY, told) == ["totp_code"]


def test_administrators_ask_for_everybody() -> None:
    assert NETWORK.asks(USERS) == Listing(limit=MOST, offset=0)


def test_users_are_told_as_in_the_document() -> None:
    assert NETWORK.answers(USERS, Page[User](items=(user(),), total=1)) == {
        "success": True,
        "users": [
            {
                "id": str(ID),
                "email": "user@example.com",
                "first_name": "John",
                "is_admin": False,
                "created_at": "2024-01-01T00:00:00Z",
            }
        ],
    }


@pytest.mark.parametrize(
    ("role", "admin"), [("admin", True), ("trader", False), ("exporter", False), ("viewer", False)]
)
def test_an_administrator_is_who_has_that_role(role: str, admin: bool) -> None:
    (told,) = NETWORK.answers(USERS, Page[User](items=(user(role=role),)))["users"]
    assert told["is_admin"] is admin


def test_of_users_nothing_secret_is_told() -> None:
    (told,) = NETWORK.answers(USERS, Page[User](items=(user(),)))["users"]
    assert kinds(told) == {"id": "str", "email": "str", "first_name": "str", "is_admin": "bool", "created_at": "str"}
    assert NETWORK.answers(USERS, Page[User]()) == {"success": True, "users": []}
