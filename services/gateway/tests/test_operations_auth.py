"""Signing in, sessions and users: which question each operation puts to the auth service, and what it makes of it."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical import users
from millrace.contracts.canonical.frame import ById, Listing, Nothing
from millrace.contracts.names import Contract
from millrace.gateway.app.operations import auth
from services.gateway.tests import rows
from services.gateway.tests.fakes import AT, NOW, ONE, TRADER, TWO, USER, Services, asking

WHENCE = {"ip": "192.0.2.7", "user_agent": "", "device": "mark"}
PASSWORD = SecretStr("SecurePass123!")


def of(operation: str) -> Any:
    return auth.HANDLERS[operation]


async def test_registering_says_through_which_contract_and_pins_nobody() -> None:
    services = Services({"auth POST /register": rows.tokens(), "bots GET /accounts": {"items": [{"account_id": ONE}]}})
    wish = users.Register(username="ann", email="ann@example.org", password=PASSWORD, full_name="", invite_code="i")
    found = await of("auth.register")(asking(services, None, spoken=Contract.NETWORK), wish)
    sent = services.sent[0]
    assert services.calls[0] == ("auth", "POST", "/register")
    assert sent["user"] is None
    assert sent["json"] == {
        "username": "ann",
        "email": "ann@example.org",
        "password": "SecurePass123!",
        "full_name": None,
        "invite_code": "i",
        "contract": "network",
        **WHENCE,
    }
    assert (found.access_token, found.refresh_token, found.expires_in) == ("access", "refresh", 3600)
    assert (found.user.id, found.user.num, found.origin) == (USER, 7, Contract.NETWORK)


async def test_a_new_user_finds_their_account_at_once() -> None:
    answers = iter([{"items": []}, {"items": []}, {"items": [{"account_id": ONE}]}])
    services = Services({"auth POST /register": rows.tokens(), "bots GET /accounts": lambda _: next(answers)})
    wish = users.Register(username="ann", email="ann@example.org", password=PASSWORD)
    await of("auth.register")(asking(services, None), wish)
    assert [call[0] for call in services.calls] == ["auth", "bots", "bots", "bots"]
    assert services.last["user"] == Principal(USER, "ann", "trader")


@pytest.mark.parametrize("answer", [{"items": []}, MillraceError(Code.UNAVAILABLE, "away")], ids=["late", "away"])
async def test_registered_they_are_even_if_the_account_is_late(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "_EQUIP_SECONDS", 0.1)
    services = Services({"auth POST /register": rows.tokens(), "bots GET /accounts": answer})
    wish = users.Register(username="ann", email="ann@example.org", password=PASSWORD)
    assert (await of("auth.register")(asking(services, None), wish)).access_token == "access"


@pytest.mark.parametrize(
    ("chosen", "hint", "spoken", "sent"),
    [
        (None, None, Contract.INTERFACES, (None, None)),
        (Contract.CRYPTO, None, Contract.CRYPTO, ("crypto", None)),
        (None, Contract.APPLICATION, Contract.APPLICATION, (None, "application")),
        (None, None, Contract.NETWORK, (None, "network")),
        (Contract.CRYPTO, Contract.APPLICATION, Contract.CRYPTO, ("crypto", "application")),
    ],
)
async def test_signing_in_tells_what_was_chosen_and_what_it_looked_like(
    chosen: Contract | None, hint: Contract | None, spoken: Contract, sent: tuple[Any, Any]
) -> None:
    services = Services({"auth POST /login": rows.tokens()})
    wish = users.Login(name="ann", password=PASSWORD, code="123456", device=users.Device(device_type="phone"))
    await of("auth.login")(asking(services, None, contract=chosen, hint=hint, spoken=spoken), wish)
    told = services.last["json"]
    assert (told["contract"], told["hint"]) == sent
    assert (told["username"], told["password"], told["totp_code"]) == ("ann", "SecurePass123!", "123456")
    assert told["device_info"] == {"ip_address": "", "user_agent": "", "device_type": "phone"}
    assert WHENCE.items() <= told.items()


async def test_a_refused_login_is_passed_on() -> None:
    wrong = MillraceError(Code.AUTH_INVALID, "wrong name or password")
    with pytest.raises(MillraceError) as refused:
        await of("auth.login")(
            asking(Services({"auth POST /login": wrong}), None), users.Login(name="a", password=PASSWORD)
        )
    assert refused.value is wrong


async def test_refreshing_needs_no_more_than_the_token() -> None:
    services = Services({"auth POST /refresh": rows.tokens()})
    found = await of("auth.refresh")(asking(services, None), users.Refresh(refresh_token=SecretStr("r")))
    assert (services.last["json"], services.last["user"]) == ({"refresh_token": "r", "contract": None}, None)
    assert found.refresh_token == "refresh"


@pytest.mark.parametrize(
    ("user", "token", "sent"),
    [
        (TRADER, None, (TRADER, {})),
        (TRADER, "r", (TRADER, {})),
        (None, "r", (None, {"refresh_token": "r"})),
    ],
)
async def test_signing_out_ends_the_session_of_whichever_token_is_good(user: Any, token: Any, sent: Any) -> None:
    services = Services({"auth POST /logout": None})
    wish = users.Logout(refresh_token=token and SecretStr(token))
    assert (await of("auth.logout")(asking(services, user), wish)).at == NOW
    assert (services.last["user"], services.last["json"]) == sent


async def test_nobody_cannot_sign_out() -> None:
    with pytest.raises(MillraceError) as refused:
        await of("auth.logout")(asking(Services(), None), users.Logout())
    assert refused.value.code is Code.AUTH_REQUIRED


async def test_who_one_is_comes_with_what_the_very_token_may() -> None:
    services = Services({"auth GET /users/me": rows.user(role="admin", full_name=None)})
    key = Principal(USER, "ann", "admin", scopes=frozenset({"read"}))
    found = await of("auth.me")(asking(services, key), Nothing())
    assert (found.role, found.permissions) == ("admin", ("read",))
    assert (found.full_name, found.first_name) == ("Ann", "Ann")
    whole = await of("auth.me")(asking(services, Principal(USER, "ann", "admin")), Nothing())
    assert whole.permissions == ("admin", "export", "read", "trade")


async def test_a_user_without_any_name_is_called_by_the_user_name() -> None:
    found = auth.user(rows.user(full_name=None, first_name=None, origin_contract="nobody"))
    assert (found.full_name, found.first_name, found.origin) == ("", "ann", None)


async def test_a_change_sends_what_was_given_and_nothing_else() -> None:
    services = Services({"auth PATCH /users/me": rows.user(full_name="B")})
    await of("auth.update_me")(asking(services), users.UpdateUser(full_name="B"))
    assert services.last["json"] == {"full_name": "B"}
    await of("auth.update_me")(asking(services), users.UpdateUser(preferences={"theme": "light"}))
    assert services.last["json"] == {"preferences": {"theme": "light"}}


async def test_sessions_are_shown_and_ended() -> None:
    services = Services({"auth GET /sessions": {"sessions": [rows.session(ONE), rows.session(TWO)]}})
    services.answers[f"auth POST /sessions/{ONE}/terminate"] = None
    found = await of("auth.sessions")(asking(services), Nothing())
    assert [str(one.id) for one in found.items] == [ONE, TWO]
    assert found.items[0].device == users.Device(ip_address="192.0.2.7", user_agent="curl", device_type="desktop")
    ended = await of("auth.terminate_session")(asking(services), ById(id=UUID(ONE)))
    assert (ended.at, ended.subject) == (NOW, ONE)
    assert services.last["user"] == TRADER


async def test_a_reset_is_asked_for_and_completed_by_nobody_in_particular() -> None:
    services = Services({"auth POST /password-resets": None})
    await of("auth.request_reset")(asking(services), users.RequestReset(email="ann@example.org"))
    assert services.last == {"user": None, "json": {"email": "ann@example.org"}, "query": None}
    wish = users.CompleteReset(token=SecretStr("t"), new_password=PASSWORD)
    await of("auth.complete_reset")(asking(services), wish)
    assert services.calls[-1] == ("auth", "POST", "/password-resets/complete")
    assert services.last["json"] == {"token": "t", "new_password": "SecurePass123!", "ip": "192.0.2.7"}


async def test_a_second_factor_is_set_up_and_confirmed() -> None:
    secret = {"secret": "s", "provisioning_uri": "otpauth://x", "qr_code": "data:image/png;base64,", "more": 1}
    services = Services({"auth POST /2fa/enroll": secret, "auth POST /2fa/verify": {"recovery_codes": ["a"]}})
    found = await of("auth.enroll_two_factor")(asking(services), Nothing())
    assert (found.secret, found.provisioning_uri) == ("s", "otpauth://x")
    await of("auth.verify_two_factor")(asking(services), users.VerifyTwoFactor(code="123456"))
    assert services.last["json"] == {"totp_code": "123456"}


async def test_everybody_is_listed_by_pages() -> None:
    services = Services({"auth GET /users": rows.page(rows.user(), rows.user(num=8), total=9)})
    found = await of("users.list")(asking(services), Listing(limit=2, offset=4))
    assert services.last["query"] == {"limit": 2, "offset": 4}
    assert ([one.num for one in found.items], found.total, found.has_more) == ([7, 8], 9, True)


@pytest.mark.parametrize(
    ("operation", "wish"),
    [
        ("auth.me", Nothing()),
        ("auth.update_me", users.UpdateUser()),
        ("auth.sessions", Nothing()),
        ("auth.terminate_session", ById(id=UUID(ONE))),
        ("auth.enroll_two_factor", Nothing()),
        ("auth.verify_two_factor", users.VerifyTwoFactor(code="1")),
        ("users.list", Listing()),
    ],
)
async def test_what_is_about_oneself_needs_somebody(operation: str, wish: Any) -> None:
    services = Services()
    with pytest.raises(MillraceError) as refused:
        await of(operation)(asking(services, None), wish)
    assert (refused.value.code, services.calls) == (Code.AUTH_REQUIRED, [])


def test_times_are_read_as_they_are() -> None:
    assert auth.user(rows.user(created_at=AT)).created_at == NOW
