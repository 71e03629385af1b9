"""Sends mail: by SMTP, or into files where no server is set."""

import os
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

import aiosmtplib

from millrace.auth.config import AuthSettings
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.ids import new_id

_SECONDS = 20.0


class Mail:
    """Sends plain text."""

    def __init__(self, settings: AuthSettings, folder: Path, clock: Clock) -> None:
        self._settings = settings
        self._folder = folder / "mail"
        self._clock = clock

    async def send(self, to: str, subject: str, text: str) -> None:
        """Send it. Raises UNAVAILABLE when the server does not take it."""
        message = self._message(to, subject, text, self._clock.now())
        if self._settings.smtp_host:
            await self._by_smtp(message)
        else:
            self._as_file(message)

    def _message(self, to: str, subject: str, text: str, now: datetime) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._settings.mail_from, to, subject
        message["Date"], message["Message-ID"] = format_datetime(now), make_msgid(domain="millrace")
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        return message

    async def _by_smtp(self, message: EmailMessage) -> None:
        settings = self._settings
        try:
            await aiosmtplib.send(
                message,
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_user or None,
                password=settings.smtp_password.get_secret_value() or None,
                use_tls=settings.smtp_tls == "tls",
                start_tls=settings.smtp_tls == "starttls",
                timeout=_SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError) as problem:
            text = f"the mail server did not take a mail: {type(problem).__name__}"
            raise MillraceError(Code.UNAVAILABLE, text) from None

    def _as_file(self, message: EmailMessage) -> None:
        """Readable by the platform's own user only: a mail may hold a secret."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{self._clock.now():%Y%m%dT%H%M%SZ}-{new_id(self._clock).hex[-8:]}.eml"
        part = self._folder / f".{name}"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(message.as_bytes())
        part.rename(self._folder / name)
