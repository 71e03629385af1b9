"""Signing in at contract crypto, whose address it shares with three others."""

from typing import Any

import pytest

from libs.contracts.tests.crypto.desk import Desk, kinds, without
from libs.contracts.tests.samples import sample
from millrace.contracts.canonical.users import Device, Login, User
from millrace.contracts.crypto import DIALECT
from millrace.contracts.names import Contract

CRYPTO = Desk(DIALECT, "/api/v1/")
LOGIN = "POST auth/login"
ASKED: dict[str, Any] = {"username": "trader1", "password": "correct horse"}


def test_a_login_is_a_name_and_a_password() -> None:
    command = CRYPTO.asks(LOGIN, '{"username": "trader1", "password": "correct horse"}')
    assert command == Login(name="trader1", password="correct horse", code=None, device=None)


def test_a_password_is_never_written_out() -> None:
    command = CRYPTO.asks(LOGIN, ASKED)
    assert command.password.get_secret_value() == "correct horse"
    assert "horse" not in f"{command!r} {command} {command.model_dump_json()}"
    body = CRYPTO.row(LOGIN).view.body
    assert body is not None
    assert "horse" not in repr(body.model_validate(ASKED))


@pytest.mark.parametrize("name", ["trader@example.com", "Trader1", "торговец"])
def test_a_name_is_passed_on_as_it_was_written_since_it_may_be_an_address(name: str) -> None:
    assert CRYPTO.asks(LOGIN, {**ASKED, "username": name}).name == name


@pytest.mark.parametrize("key", ["totp_code", "mfa_token"])
def test_the_second_factor_has_two_names(key: str) -> None:
    assert CRYPTO.asks(LOGIN, {**ASKED, key: "123456"}).code == "123456"


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ({"totp_code": "111111", "mfa_token": "222222"}, "111111"),
        ({"totp_code": "", "mfa_token": "222222"}, "222222"),
        ({"totp_code": None, "mfa_token": "222222"}, "222222"),
        ({"totp_code": None, "mfa_token": None}, None),
    ],
)
def test_of_two_codes_the_first_that_is_one_counts(codes: dict[str, Any], code: str | None) -> None:
    assert CRYPTO.asks(LOGIN, {**ASKED, **codes}).code == code


@pytest.mark.parametrize(
    ("told", "device"),
    [
        ({}, Device()),
        ({"ip_address": "10.0.0.1"}, Device(ip_address="10.0.0.1")),
        ({"user_agent": "curl", "device_type": "cli"}, Device(user_agent="curl", device_type="cli")),
        ({"user_agent": "curl", "battery": 5}, Device(user_agent="curl")),
    ],
)
def test_another_contracts_device_is_read_where_the_address_is_shared(told: dict[str, Any], device: Device) -> None:
    assert CRYPTO.asks(LOGIN, {**ASKED, "device_info": told}).device == device


def test_no_device_is_none() -> None:
    assert CRYPTO.asks(LOGIN, {**ASKED, "device_info": None}).device is None


@pytest.mark.parametrize("key", ["id", "role", "expires_in", "user_id", "is_active", "token_type", "permissions"])
def test_nobody_sets_what_the_server_says(key: str) -> None:
    assert CRYPTO.asks(LOGIN, {**ASKED, key: "admin"}) == CRYPTO.asks(LOGIN, ASKED)


@pytest.mark.parametrize("key", ["username", "password"])
def test_both_must_be_there(key: str) -> None:
    assert CRYPTO.wrong(LOGIN, without(ASKED, key)) == [key]


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"username": "x" * 255}, "username"),
        ({"username": 5}, "username"),
        ({"username": None}, "username"),
        ({"username": " "}, "username"),
        ({"password": ""}, "password"),
        ({"password": "x" * 1025}, "password"),
        ({"password": ["x"]}, "password"),
        ({"totp_code": "1" * 65}, "totp_code"),
        ({"mfa_token": "1" * 65}, "mfa_token"),
        ({"mfa_token": 123456}, "mfa_token"),
        ({"device_info": "phone"}, "device_info"),
        ({"device_info": {"ip_address": "1" * 65}}, "device_info.ip_address"),
        ({"device_info": {"user_agent": "x" * 501}}, "device_info.user_agent"),
        ({"device_info": {"device_type": "x" * 65}}, "device_info.device_type"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_login_is_bounded(told: dict[str, Any], field: str) -> None:
    assert CRYPTO.wrong(LOGIN, {**ASKED, **told}) == [field]


@pytest.mark.parametrize(
    "told",
    [{"username": "x" * 254}, {"password": "x" * 1024}, {"mfa_token": "1" * 64}],
    ids=lambda value: str(value)[:40],
)
def test_at_the_bound_a_login_is_still_one(told: dict[str, Any]) -> None:
    assert isinstance(CRYPTO.asks(LOGIN, {**ASKED, **told}), Login)


def test_whoever_signed_in_gets_the_documents_answer() -> None:
    user = sample(User, num=1, username="trader1", email="trader@example.com")
    body = CRYPTO.answers(LOGIN, access_token="eyJ0.a.b", refresh_token="eyJ0.c.d", expires_in=3600, user=user)
    assert body == {
        "access_token": "eyJ0.a.b",
        "token_type": "bearer",
        "expires_in": 3600,
        "refresh_token": "eyJ0.c.d",
        "user": {"id": 1, "username": "trader1", "email": "trader@example.com"},
    }


def test_a_user_is_a_number_here_whoever_they_registered_through() -> None:
    for origin in (*Contract, None):
        body = CRYPTO.answers(LOGIN, user=sample(User, num=2**40, origin=origin))
        assert kinds(body["user"]) == {"id": "int", "username": "str", "email": "str"}
        assert body["user"]["id"] == 2**40


def test_a_tokens_life_is_told_as_it_is() -> None:
    assert [CRYPTO.answers(LOGIN, expires_in=seconds)["expires_in"] for seconds in (0, 60, 86400)] == [0, 60, 86400]
