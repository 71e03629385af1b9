"""Two-factor authentication: enrolling, signing in, recovery codes, and codes that work once."""

import asyncio
from base64 import b64decode
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from millrace.auth.adapters.totp import Totp
from millrace.auth.adapters.vault import Vault
from millrace.common.kernel.clock import ManualClock
from millrace.common.runtime.failures import Failure

StartAuth = Any
PASSWORD = "Correct-Horse-7"


class Phone:
    """A user with an authenticator app."""

    def __init__(self, auth: Any, clock: ManualClock, user: Any, secret: str, codes: list[str]) -> None:
        self.auth, self.clock, self.user, self.secret, self.codes = auth, clock, user, secret, codes

    def code(self, steps: int = 0) -> str:
        """The app's code, now or so many steps later."""
        return pyotp.TOTP(self.secret).at(self.clock.now(), counter_offset=steps)

    def next(self) -> str:
        """The code of a later step than any before."""
        self.clock.advance(30)
        return self.code()


async def enrolled(start_auth: StartAuth) -> Phone:
    """A user whose second factor is on."""
    clock = ManualClock()
    auth = await start_auth(clock=clock)
    user, _ = await auth.person()
    secret = (await auth.post("/2fa/enroll", user))[1]["secret"]
    phone = Phone(auth, clock, user, secret, [])
    status, found = await auth.post("/2fa/verify", user, totp_code=phone.code())
    assert status == 200, found
    phone.codes = found["recovery_codes"]
    return phone


async def test_enrolling_gives_a_secret_an_address_and_a_picture(start_auth: StartAuth) -> None:
    auth = await start_auth()
    user, _ = await auth.person()
    status, found = await auth.post("/2fa/enroll", user)
    assert (status, set(found)) == (200, {"secret", "provisioning_uri", "qr_code"})
    address = urlsplit(found["provisioning_uri"])
    assert (address.scheme, address.netloc, address.path) == ("otpauth", "totp", "/Millrace:alice%40example.com")
    assert parse_qs(address.query) == {"secret": [found["secret"]], "issuer": ["Millrace"]}
    kind, picture = found["qr_code"].split(",")
    assert kind == "data:image/png;base64"
    assert b64decode(picture).startswith(b"\x89PNG\r\n\x1a\n")
    assert (await auth.ask("GET", "/users/me", user))[1]["two_factor_enabled"] is False
    assert (await auth.login())[0] == 200


async def test_a_wrong_code_turns_nothing_on(start_auth: StartAuth) -> None:
    auth = await start_auth()
    user, _ = await auth.person()
    assert (await auth.post("/2fa/verify", user, totp_code="123456"))[0] == 409
    secret = (await auth.post("/2fa/enroll", user))[1]["secret"]
    right = pyotp.TOTP(secret).at(auth.stand.host.clock.now())
    for wrong in (f"{(int(right) + 1) % 10**6:06}", "", "12345", "abcdef", "\u0661" * 6):
        status, found = await auth.post("/2fa/verify", user, totp_code=wrong)
        assert (status, list(found["error"]["fields"])) == (422, ["totp_code"])
    assert (await auth.login())[0] == 200


async def test_the_secret_is_stored_sealed_and_for_its_owner_only(start_auth: StartAuth) -> None:
    phone = await enrolled(start_auth)
    row = (await phone.auth.stand.rows("auth", "select * from users"))[0]
    assert phone.secret.encode() not in bytes(row["totp_secret"])
    assert phone.secret not in repr(await phone.auth.stand.rows("auth", "select * from outbox"))
    stored = await phone.auth.stand.rows("auth", "select * from recovery_codes")
    assert {len(code["hash"]) for code in stored} == {32}
    vault = Vault(b"m" * 32)
    sealed = vault.seal("a secret", "alice")
    assert vault.unseal(sealed, "alice") == "a secret"
    assert vault.seal("a secret", "alice") != sealed
    for other, owner in ((vault, "bob"), (Vault(b"n" * 32), "alice")):
        with pytest.raises(Failure):
            other.unseal(sealed, owner)


@pytest.mark.parametrize("name", ["totp_code", "mfa_token"])
async def test_a_login_asks_for_the_code_under_either_name(start_auth: StartAuth, name: str) -> None:
    phone = await enrolled(start_auth)
    assert (await phone.auth.ask("GET", "/users/me", phone.user))[1]["two_factor_enabled"] is True
    status, found = await phone.auth.login()
    assert (status, found["error"]["details"]) == (401, {"second_factor": "required"})
    status, found = await phone.auth.login(password="wrong", **{name: phone.code()})
    assert (status, found["error"]["details"]) == (401, {})
    status, found = await phone.auth.login(**{name: phone.next()})
    assert status == 200
    assert found["user"]["two_factor_enabled"] is True


async def test_a_code_works_once_however_many_send_it_at_once(start_auth: StartAuth) -> None:
    phone = await enrolled(start_auth)
    assert (await phone.auth.login(totp_code=phone.code()))[0] == 401  # it was used to enrol
    code = phone.next()
    tried = [phone.auth.login(totp_code=code, ip=f"203.0.113.{n}") for n in range(20)]
    assert Counter(status for status, _ in await asyncio.gather(*tried)) == {200: 1, 401: 19}


async def test_a_code_may_be_one_step_off_and_never_older_than_the_last_one(start_auth: StartAuth) -> None:
    phone = await enrolled(start_auth)
    phone.clock.advance(300)
    for steps, status in ((2, 401), (-2, 401), (-1, 200), (-1, 401), (1, 200), (0, 401), (1, 401)):
        assert (await phone.auth.login(totp_code=phone.code(steps), ip=f"203.0.113.{steps}"))[0] == status, steps


async def test_five_wrong_codes_and_there_is_no_further_try(start_auth: StartAuth) -> None:
    phone = await enrolled(start_auth)
    right = phone.next()
    wrong = [f"{(int(right) + n) % 10**6:06}" for n in range(100, 107)]
    tried = [(await phone.auth.login(totp_code=code, ip="203.0.113.1"))[0] for code in wrong]
    assert tried == [401] * 5 + [429] * 2
    assert (await phone.auth.login(totp_code=right, ip="203.0.113.1"))[0] == 429
    assert (await phone.auth.login(totp_code=right, ip="203.0.113.2"))[0] == 200


async def test_asking_for_the_code_is_no_failure(start_auth: StartAuth) -> None:
    phone = await enrolled(start_auth)
    for _ in range(8):
        assert (await phone.auth.login())[0] == 401
    assert (await phone.auth.login(totp_code=phone.next()))[0] == 200


async def test_a_recovery_code_works_once_however_it_is_typed(start_auth: StartAuth) -> None:
    phone = await enrolled(start_auth)
    assert len(set(phone.codes)) == 10
    first, second = phone.codes[:2]
    typed = first.lower().replace("-", " ")
    tried = [phone.auth.login(totp_code=typed, ip=f"203.0.113.{n}") for n in range(10)]
    assert Counter(status for status, _ in await asyncio.gather(*tried)) == {200: 1, 401: 9}
    assert (await phone.auth.login(mfa_token=second))[0] == 200
    other = await phone.auth.registered("bob")
    assert other
    assert [e.user_id for e in await phone.auth.told("two_factor.recovery_code_used")] == [phone.user.user_id] * 2


async def test_new_recovery_codes_take_the_place_of_the_old_ones(start_auth: StartAuth) -> None:
    phone = await enrolled(start_auth)
    asked = {"password": PASSWORD, "totp_code": phone.next()}
    assert (await phone.auth.post("/2fa/recovery-codes", phone.user, password=PASSWORD))[0] == 403
    status, found = await phone.auth.post("/2fa/recovery-codes", phone.user, **asked)
    assert (status, len(found["recovery_codes"])) == (200, 10)
    assert (await phone.auth.login(totp_code=phone.codes[0]))[0] == 401
    assert (await phone.auth.login(totp_code=found["recovery_codes"][0]))[0] == 200


async def test_only_who_proves_it_again_turns_the_second_factor_off(start_auth: StartAuth) -> None:
    phone = await enrolled(start_auth)
    assert (await phone.auth.post("/2fa/enroll", phone.user))[0] == 409
    assert (await phone.auth.post("/2fa/verify", phone.user, totp_code=phone.next()))[0] == 409
    for wrong in ({"password": PASSWORD}, {"password": "wrong", "totp_code": phone.code()}):
        assert (await phone.auth.post("/2fa/disable", phone.user, **wrong))[0] == 403
    asked = {"password": PASSWORD, "totp_code": phone.next()}
    assert await phone.auth.post("/2fa/disable", phone.user, **asked) == (200, {})
    assert (await phone.auth.login())[0] == 200
    assert await phone.auth.stand.rows("auth", "select 1 from recovery_codes") == []
    assert [len(await phone.auth.told(f"two_factor.{what}")) for what in ("enrol", "enable", "disable")] == [1, 1, 1]


async def test_an_administrator_helps_who_has_lost_everything(start_auth: StartAuth) -> None:
    phone = await enrolled(start_auth)
    admin = await phone.auth.made("admin", "root1")
    path = f"/users/{phone.user.user_id}/2fa/disable"
    assert (await phone.auth.ask("POST", path, phone.user))[0] == 403
    assert await phone.auth.ask("POST", path, admin) == (200, {})
    assert (await phone.auth.login())[0] == 200


def test_codes_are_those_of_the_standard() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B, in six digits
    for moment, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert Totp("x").step(secret, code, moment) == moment // 30
        assert Totp("x").step(secret, code, moment + 90) is None
