"""Reads the access tokens and API keys that the auth service gives out, at the edge.

A token's signature is checked once and remembered; whether its session still lives is asked again every few seconds,
beside the requests, so that none waits for it unless the answer is long in coming. So is everything about an API key.
"""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
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
KEY_START = "mlr_"
_FRESH_SECONDS = 2.5
_LATEST_SECONDS = 4.5  # a session that has ended is refused within five
_KEY_SECONDS = 3.0
_KEYS_SECONDS = 5.0
_KEPT = 20_000
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Admission:
    """Who a token speaks for, and until when (Unix seconds)."""

    principal: Principal
    expires_at: float


@dataclass(slots=True)
class _Known:
    admission: Admission
    checked_at: float


class TokenReader:
    """Turns access tokens and API keys into principals. `call` reaches the auth service."""

    def __init__(self, call: Callable[[str], ServiceClient], clock: Clock, *, kept: int = _KEPT) -> None:
        self._call = call
        self._clock = clock
        self._kept = kept
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._keys: dict[str, Any] = {}
        self._keys_at = -math.inf
        self._fetching = asyncio.Lock()
        self._asking: dict[bytes, asyncio.Task[_Known]] = {}

    async def principal(self, token: str, ip: str = "") -> Principal:
        """Who the token speaks for. Raises AUTH_INVALID for anything but a living access token or API key.

        `ip` is where the caller is; PERMISSION_DENIED when an API key may not be used from there.
        """
        return (await self.admit(token, ip)).principal

    async def admit(self, token: str, ip: str = "") -> Admission:
        """The same, with the time at which the token expires."""
        if token.startswith(KEY_START):
            return await self._key_admitted(token, ip)
        digest = sha256(token.encode(errors="replace")).digest()
        known = self._known.get(digest)
        if known is None:
            known = self._known.setdefault(digest, await self._verified(token))
            if len(self._known) > self._kept:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(digest)
        if known.admission.expires_at <= self._clock.now().timestamp():
            self._known.pop(digest, None)
            raise invalid()
        age = self._clock.monotonic() - known.checked_at
        if age > _FRESH_SECONDS:
            answer = self._one(digest, partial(self._still_alive, digest, known))
            if age > _LATEST_SECONDS:
                await asyncio.shield(answer)
        return known.admission

    def doubt(self, user_id: UUID) -> None:
        """Believe no token and no key of this user's again before the auth service is asked."""
        for known in self._known.values():
            if known.admission.principal.user_id == user_id:
                known.checked_at = -math.inf

    def _one(self, digest: bytes, ask: Callable[[], Coroutine[Any, Any, _Known]]) -> asyncio.Task[_Known]:
        """One question at a time about a token: who comes meanwhile shares its answer, or its failure."""
        if (task := self._asking.get(digest)) is None:
            task = self._asking[digest] = asyncio.create_task(ask())
            task.add_done_callback(partial(self._answered, digest))
        return task

    def _answered(self, digest: bytes, task: asyncio.Task[_Known]) -> None:
        del self._asking[digest]
        if not task.cancelled():
            task.exception()  # whom it concerns has heard of it, or will ask again

    async def _key_admitted(self, key: str, ip: str) -> Admission:
        if not key.isascii():
            raise invalid()
        digest = sha256(f"{ip} {key}".encode(errors="replace")).digest()
        known = self._known.get(digest)
        if known is None or self._clock.monotonic() - known.checked_at > _KEY_SECONDS:
            known = await asyncio.shield(self._one(digest, partial(self._key_verified, digest, key, ip)))
        return known.admission

    async def _key_verified(self, digest: bytes, key: str, ip: str) -> _Known:
        self._known.pop(digest, None)
        asked_at = self._clock.monotonic()
        answer = await self._call("auth").request("POST", "/api-keys/verify", json={"key": key, "ip": ip})
        found = answer.value()
        principal = Principal(
            UUID(found["user_id"]),
            found["username"],
            found["role"],
            UUID(found["id"]),
            found["contract"],
            frozenset(found["scopes"]),
        )
        expires_at = math.inf if found["expires_at"] is None else _timestamp(found["expires_at"])
        known = self._known[digest] = _Known(Admission(principal, expires_at), asked_at)
        if len(self._known) > self._kept:
            self._known.popitem(last=False)
        return known

    async def living(self, session_ids: Iterable[UUID]) -> set[UUID]:
        """Those of the sessions and API keys that have not ended. Raises UNAVAILABLE when auth cannot be asked."""
        asked, found = [str(session) for session in session_ids], set[UUID]()
        for start in range(0, len(asked), _AT_ONCE):
            some = {"session_ids": asked[start : start + _AT_ONCE]}
            answer = await self._call("auth").request("POST", "/introspect", json=some)
            found |= {UUID(session) for session in answer.value()["live"]}
        return found

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
                # times are compared with our own clock; a signer whose clock is a little ahead signs good tokens
                options={"require": ["exp", "sub", "sid", "typ"], "verify_exp": False, "verify_iat": False},
            )
            if claims["typ"] != "access":
                raise invalid()
            principal = Principal(
                UUID(claims["sub"]),
                claims["name"],
                claims["role"],
                UUID(claims["sid"]),
                claims.get("ctr"),
                hint=claims.get("hint"),
            )
            return _Known(Admission(principal, float(claims["exp"])), -math.inf)
        except (jwt.PyJWTError, ValueError, KeyError, TypeError):
            raise invalid() from None

    async def _key(self, kid: str) -> Any:
        if kid not in self._keys:
            async with self._fetching:
                # a made-up key id must not cost the auth service a question each time
                if kid not in self._keys and self._clock.monotonic() - self._keys_at > _KEYS_SECONDS:
                    found = (await self._call("auth").request("GET", "/jwks")).value()
                    self._keys = {k["kid"]: jwt.PyJWK(k).key for k in found["keys"]}
                    self._keys_at = self._clock.monotonic()
        if kid not in self._keys:
            raise invalid()
        return self._keys[kid]

    async def _still_alive(self, digest: bytes, known: _Known) -> _Known:
        asked_at = self._clock.monotonic()
        session = known.admission.principal.session_id
        if session is None or not await self.living([session]):
            self._known.pop(digest, None)
            raise invalid()
        known.checked_at = asked_at
        return known


def _timestamp(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def invalid() -> MillraceError:
    """The one answer to every token that is not good."""
    return MillraceError(Code.AUTH_INVALID, "Invalid or expired token")
