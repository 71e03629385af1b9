"""Reads the access tokens that the auth service gives out, at the edge.

A token's signature is checked once and remembered; whether its session still lives is asked again every few seconds.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import jwt

from millrace.common.auth.principal import Principal
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.client import ServiceClient

ISSUER = "millrace"
AUDIENCE = "millrace-api"
_FRESH_SECONDS = 3.0
_KEPT = 20_000


@dataclass(slots=True)
class _Known:
    principal: Principal
    expires_at: float
    checked_at: float


class TokenReader:
    """Turns access tokens into principals. `call` reaches the auth service."""

    def __init__(self, call: Callable[[str], ServiceClient], clock: Clock) -> None:
        self._call = call
        self._clock = clock
        self._known: dict[bytes, _Known] = {}
        self._keys: dict[str, Any] = {}
        self._fetching = asyncio.Lock()

    async def principal(self, token: str) -> Principal:
        """Who the token speaks for. Raises AUTH_INVALID for anything but a living access token."""
        digest = sha256(token.encode(errors="replace")).digest()
        known = self._known.get(digest)
        if known is None:
            known = await self._verified(token)
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[digest] = known
        if known.expires_at <= self._clock.now().timestamp():
            self._known.pop(digest, None)
            raise invalid()
        if self._clock.monotonic() - known.checked_at > _FRESH_SECONDS:
            await self._still_alive(digest, known)
        return known.principal

    async def _verified(self, token: str) -> _Known:
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(str(header.get("kid")))
            claims = jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": ["exp", "sub", "sid", "typ"], "verify_exp": False},
            )
            if claims["typ"] != "access":
                raise invalid()
            principal = Principal(
                UUID(claims["sub"]), claims["name"], claims["role"], UUID(claims["sid"]), claims.get("ctr")
            )
            return _Known(principal, float(claims["exp"]), -_FRESH_SECONDS)
        except (jwt.PyJWTError, ValueError, KeyError, TypeError):
            raise invalid() from None

    async def _key(self, kid: str) -> Any:
        if kid not in self._keys:
            async with self._fetching:
                if kid not in self._keys:
                    found = (await self._call("auth").request("GET", "/jwks")).value()
                    self._keys = {k["kid"]: jwt.PyJWK(k).key for k in found["keys"]}
        if kid not in self._keys:
            raise invalid()
        return self._keys[kid]

    async def _still_alive(self, digest: bytes, known: _Known) -> None:
        session = str(known.principal.session_id)
        answer = await self._call("auth").request("POST", "/introspect", json={"session_ids": [session]})
        if session not in answer.value()["live"]:
            self._known.pop(digest, None)
            raise invalid()
        known.checked_at = self._clock.monotonic()


def invalid() -> MillraceError:
    """The one answer to every token that is not good."""
    return MillraceError(Code.AUTH_INVALID, "Invalid or expired token")
