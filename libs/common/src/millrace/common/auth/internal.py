"""The identity token that goes with every call between services: who the end user is, signed for one service.

HMAC-SHA256 over a JSON text that names the user, the service it is meant for and when it expires.
"""

import hashlib
import hmac
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request

from millrace.common.auth.principal import Principal
from millrace.common.kernel.clock import Clock, SystemClock
from millrace.common.kernel.errors import Code, MillraceError

HEADER = "x-millrace-identity"
_SECONDS = 60
_AGAIN_SECONDS = 20  # a token is signed and read once for many calls
_KEPT = 4096


class Identities:
    """Signs and reads identity tokens."""

    def __init__(self, key: bytes, clock: Clock | None = None) -> None:
        if len(key) < 32:
            raise ValueError("the internal key must have at least 32 bytes")
        self._key = key
        self._clock = clock or SystemClock()
        self._signed: dict[tuple[Principal, str], tuple[str, float]] = {}
        self._read: dict[tuple[str, str], tuple[Principal, float]] = {}

    def sign(self, principal: Principal, audience: str) -> str:
        """A token for calls to `audience` in the next half minute."""
        now = self._clock.now().timestamp()
        token, at = self._signed.get((principal, audience), ("", -math.inf))
        if not 0 <= now - at < _AGAIN_SECONDS:
            token = self._token(principal, audience, now)
            _keep(self._signed, (principal, audience), (token, now))
        return token

    def _token(self, principal: Principal, audience: str, now: float) -> str:
        claims = {
            "u": str(principal.user_id),
            "n": principal.username,
            "r": principal.role,
            "s": str(principal.session_id) if principal.session_id else None,
            "c": principal.contract,
            "p": None if principal.scopes is None else sorted(principal.scopes),
            "h": principal.hint,
            "a": audience,
            "e": int(now) + _SECONDS,
        }
        text = orjson.dumps(claims)
        return urlsafe_b64encode(text + self._mac(text)).decode()

    def read(self, token: str, audience: str) -> Principal:
        """The principal in a token. Raises AUTH_INVALID for anything that was not signed for `audience` just now."""
        principal, until = self._read.get((token, audience), (None, 0.0))
        if principal is None or until < self._clock.now().timestamp():
            principal, until = self._principal(token, audience)
            _keep(self._read, (token, audience), (principal, until))
        return principal

    def _principal(self, token: str, audience: str) -> tuple[Principal, float]:
        try:
            raw = urlsafe_b64decode(token)
            text, mac = raw[:-32], raw[-32:]
            if not hmac.compare_digest(mac, self._mac(text)):
                raise ValueError("signature")
            claims = orjson.loads(text)
            if claims["a"] != audience or claims["e"] < self._clock.now().timestamp():
                raise ValueError("audience or time")
            session = UUID(claims["s"]) if claims["s"] else None
            scopes = None if claims.get("p") is None else frozenset(claims["p"])
            user = (UUID(claims["u"]), claims["n"], claims["r"])
            return Principal(*user, session, claims["c"], scopes, claims.get("h")), claims["e"]
        except (ValueError, KeyError, TypeError):
            raise MillraceError(Code.AUTH_INVALID, "the identity token is invalid or expired") from None

    def _mac(self, text: bytes) -> bytes:
        return hmac.new(self._key, text, hashlib.sha256).digest()


def _keep(kept: dict[Any, Any], key: Any, value: Any) -> None:
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = value


def any_principal(identities: Identities, audience: str) -> Callable[[Request], Awaitable[Principal]]:
    """A dependency that gives a service's routes the principal of the call, whatever its role."""

    async def current(request: Request) -> Principal:
        token = request.headers.get(HEADER)
        if token is None:
            raise MillraceError(Code.AUTH_REQUIRED, "an identity token is required")
        return identities.read(token, audience)

    return current


def current_principal(identities: Identities, audience: str) -> Callable[[Request], Awaitable[Principal]]:
    """The same for routes that trade: who may only read is refused anything that changes."""
    anybody = any_principal(identities, audience)

    async def current(request: Request) -> Principal:
        principal = await anybody(request)
        if request.method in ("GET", "HEAD"):
            if principal.by_key and not principal.may("read"):
                raise MillraceError(Code.PERMISSION_DENIED, "the API key's scopes do not include read")
        elif not principal.may("trade"):
            who = "the API key" if principal.by_key else f"the role {principal.role}"
            raise MillraceError(Code.PERMISSION_DENIED, f"{who} may only read")
        return principal

    return current
