"""One-time codes of authenticator apps (RFC 6238), and the picture that sets them up."""

import hmac

import pyotp
import segno

_STEP_SECONDS = 30
_APART = 1


class Totp:
    """Makes secrets and recognises codes."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def secret(self) -> str:
        """A new one, in base 32."""
        return pyotp.random_base32()

    def address(self, secret: str, account: str) -> str:
        """What an app reads it from."""
        return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=self._issuer)

    def picture(self, address: str) -> str:
        """The same as a QR code: a PNG as data URI."""
        return str(segno.make_qr(address, error="m").png_data_uri(scale=5, border=4))

    def step(self, secret: str, code: str, now: float) -> int | None:
        """The time step whose code this is, at most one step away from `now` (Unix seconds); else None."""
        current, found = int(now) // _STEP_SECONDS, None
        for step in range(current - _APART, current + _APART + 1):
            if hmac.compare_digest(pyotp.HOTP(secret).at(step).encode(), code.encode()):
                found = step
        return found
