"""Forgotten passwords: a token by mail, once, and nobody learns who exists."""

import asyncio
import email
import re
import socket
import stat
from collections import Counter
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from millrace.auth.adapters.mail import Mail
from millrace.auth.config import AuthSettings
from millrace.common.kernel.clock import ManualClock, SystemClock
from millrace.common.kernel.errors import MillraceError

StartAuth = Any
NEW = "Battery-Staple-9"


def mails(auth: Any) -> list[Path]:
    """What was sent, the oldest first."""
    return sorted((auth.folder / "mail").glob("*.eml"))


async def mailed(auth: Any, count: int = 1) -> str:
    """The newest mail's token, when so many have come."""

    async def come() -> bool:
        return len(mails(auth)) >= count

    await auth.stand.host.until(come)
    newest = max(mails(auth), key=lambda path: path.stat().st_mtime_ns)
    return token_in(email.message_from_bytes(newest.read_bytes()))


def token_in(message: Message) -> str:
    """The token that a mail tells."""
    found = re.search(r"this token: (\S+)", text_of(message))
    assert found, message
    return found[1]


def text_of(message: Message) -> str:
    """What a mail says, however it was encoded on its way."""
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


async def done(auth: Any) -> None:
    """Wait until no mail is on its way."""

    async def over() -> bool:
        return not await auth.stand.rows("auth", "select 1 from jobs where state in ('pending', 'running')")

    await auth.stand.host.until(over)


async def test_a_token_comes_by_mail_and_sets_a_new_password_once(start_auth: StartAuth) -> None:
    auth = await start_auth()
    user, found = await auth.person()
    assert await auth.post("/password-resets", email=" Alice@Example.com ") == (200, {})
    token = await mailed(auth)
    message = email.message_from_bytes(mails(auth)[0].read_bytes())
    assert (message["To"], message["Subject"]) == ("alice@example.com", "Reset your password")
    assert f"http://localhost:8000/?reset={token}" in text_of(message)
    assert stat.S_IMODE(mails(auth)[0].stat().st_mode) == 0o600
    assert stat.S_IMODE((auth.folder / "mail").stat().st_mode) == 0o700
    assert await auth.post("/password-resets/complete", token=token, new_password=NEW) == (200, {})
    status, again = await auth.post("/password-resets/complete", token=token, new_password="Another-Horse-8")
    assert (status, list(again["error"]["fields"])) == (422, ["token"])
    assert ((await auth.login())[0], (await auth.login(password=NEW))[0]) == (401, 200)
    with pytest.raises(MillraceError):
        await auth.reader().principal(found["access_token"])
    assert (await auth.post("/refresh", refresh_token=found["refresh_token"]))[0] == 401
    assert [event.user_id for event in await auth.told("password.change")] == [user.user_id]


async def test_nobody_learns_whether_an_address_is_known(start_auth: StartAuth) -> None:
    auth = await start_auth()
    await auth.registered()
    admin = await auth.made("admin", "root1")
    other = await auth.registered("disabled")
    await auth.patch(admin, other["user"]["id"], is_active=False)
    asked = ("alice@example.com", "nobody@example.com", "disabled@example.com", "alice", "nonsense")
    answers = [await auth.post("/password-resets", email=address) for address in asked]
    assert answers == [(200, {})] * len(asked)
    await done(auth)
    assert len(mails(auth)) == 1
    states = await auth.stand.rows("auth", "select state, result from jobs")
    assert {(row["state"], row["result"]) for row in states} == {("succeeded", None)}


async def test_a_token_is_used_once_however_many_try_at_once(start_auth: StartAuth) -> None:
    auth = await start_auth()
    await auth.registered()
    await auth.post("/password-resets", email="alice@example.com")
    token = await mailed(auth)
    tried = [auth.post("/password-resets/complete", token=token, new_password=f"Battery-Staple-{n}") for n in range(6)]
    assert Counter(status for status, _ in await asyncio.gather(*tried)) == {200: 1, 422: 5}


async def test_a_token_expires_and_is_worthless_beside_a_newer_password(start_auth: StartAuth) -> None:
    clock = ManualClock()
    auth = await start_auth(clock=clock)
    await auth.registered()
    await auth.post("/password-resets", email="alice@example.com")
    first = await mailed(auth, 1)
    clock.advance(1)
    await done(auth)
    await auth.post("/password-resets", email="alice@example.com")
    second = await mailed(auth, 2)
    assert first != second
    assert (await auth.post("/password-resets/complete", token=second, new_password=NEW))[0] == 200
    assert (await auth.post("/password-resets/complete", token=first, new_password="Other-Horse-8"))[0] == 422
    await done(auth)
    await auth.post("/password-resets", email="alice@example.com")
    third = await mailed(auth, 3)
    clock.advance(3601)
    for wrong in (third, "", "nonsense"):
        assert (await auth.post("/password-resets/complete", token=wrong, new_password="Third-Horse-8"))[0] == 422


async def test_a_bad_new_password_does_not_use_the_token_up(start_auth: StartAuth) -> None:
    auth = await start_auth()
    await auth.registered()
    await auth.post("/password-resets", email="alice@example.com")
    token = await mailed(auth)
    for bad in ("short", "password123", "alice@example.com"):
        status, found = await auth.post("/password-resets/complete", token=token, new_password=bad)
        assert (status, list(found["error"]["fields"])) == (422, ["password"])
    assert (await auth.post("/password-resets/complete", token=token, new_password=NEW))[0] == 200


async def test_not_more_than_three_mails_an_hour(start_auth: StartAuth) -> None:
    clock = ManualClock()
    auth = await start_auth(clock=clock)
    await auth.registered()
    for _ in range(5):
        assert await auth.post("/password-resets", email="alice@example.com") == (200, {})
        await done(auth)
    assert len(mails(auth)) == 3
    clock.advance(3601)
    await auth.post("/password-resets", email="alice@example.com")
    await mailed(auth, 4)


async def test_a_reset_lets_a_locked_out_owner_in_and_skips_no_second_factor(start_auth: StartAuth) -> None:
    auth = await start_auth()
    user, _ = await auth.person()
    import pyotp

    secret = (await auth.post("/2fa/enroll", user))[1]["secret"]
    code = pyotp.TOTP(secret).now()
    recovery = (await auth.post("/2fa/verify", user, totp_code=code))[1]["recovery_codes"]
    for n in range(51):
        await auth.login("alice", "wrong", ip=f"203.0.113.{n}")
    assert (await auth.login("alice", ip="192.0.2.1"))[0] == 429
    await auth.post("/password-resets", email="alice@example.com")
    assert (await auth.post("/password-resets/complete", token=await mailed(auth), new_password=NEW))[0] == 200
    status, found = await auth.login(password=NEW, ip="192.0.2.1")
    assert (status, found["error"]["details"]) == (401, {"second_factor": "required"})
    assert (await auth.login(password=NEW, ip="192.0.2.1", totp_code=recovery[0]))[0] == 200


async def test_a_token_is_nowhere_but_in_the_mail(start_auth: StartAuth) -> None:
    auth = await start_auth()
    await auth.registered()
    await auth.post("/password-resets", email="alice@example.com")
    token = await mailed(auth)
    await done(auth)
    for table in ("password_resets", "jobs", "outbox"):
        assert token not in repr(await auth.stand.rows("auth", f"select * from {table}"))
    assert len(await auth.stand.rows("auth", "select 1 from password_resets")) == 1


class Inbox:
    """Keeps what a mail server is given; refuses the first `refusals`."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []
        self.refusals = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a mail."""
        if self.refusals:
            self.refusals -= 1
            return "451 come back later"
        self.envelopes.append(envelope)
        return "250 taken"


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    """A mail server on a free port, which the service is told to use."""
    inbox = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(inbox, hostname="127.0.0.1", port=port)
    server.start()
    monkeypatch.setenv("MILLRACE_AUTH_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("MILLRACE_AUTH_SMTP_PORT", str(port))
    monkeypatch.setenv("MILLRACE_AUTH_SMTP_TLS", "none")
    monkeypatch.setenv("MILLRACE_AUTH_PUBLIC_URL", "https://trade.example.com/")
    yield inbox
    server.stop()


async def test_a_mail_server_gets_the_mail_and_is_tried_again_when_it_is_busy(
    start_auth: StartAuth, inbox: Inbox
) -> None:
    inbox.refusals = 1
    auth = await start_auth()
    await auth.registered()
    await auth.post("/password-resets", email="alice@example.com")

    async def come() -> bool:
        return bool(inbox.envelopes)

    await auth.stand.host.until(come, 30)
    (envelope,) = inbox.envelopes
    assert envelope.rcpt_tos == ["alice@example.com"]
    message = email.message_from_bytes(envelope.content)
    assert "https://trade.example.com/?reset=" in text_of(message)
    token = token_in(message)
    assert (await auth.post("/password-resets/complete", token=token, new_password=NEW))[0] == 200
    assert len(await auth.stand.rows("auth", "select 1 from password_resets")) == 1
    assert mails(auth) == []


async def test_a_mail_server_that_is_away_is_said_without_the_mails_words(tmp_path: Path) -> None:
    settings = AuthSettings(smtp_host="127.0.0.1", smtp_port=1, smtp_tls="none")
    with pytest.raises(MillraceError) as caught:
        await Mail(settings, tmp_path, SystemClock()).send("a@example.com", "subject", "a secret")
    assert caught.value.code == "UNAVAILABLE"
    assert "secret" not in caught.value.message


async def test_a_mail_cannot_be_given_more_headers(tmp_path: Path) -> None:
    mail = Mail(AuthSettings(), tmp_path, SystemClock())
    with pytest.raises(ValueError, match="linefeed"):
        await mail.send("a@example.com\r\nBcc: b@example.com", "subject", "text")
    assert not (tmp_path / "mail").exists()
