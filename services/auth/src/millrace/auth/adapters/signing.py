"""Signs access and refresh tokens: EdDSA JWTs with a key id; the private key is sealed under the master key."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from millrace.common.auth.tokens import AUDIENCE, ISSUER, invalid
from millrace.common.db.work import Works
from millrace.common.kernel.clock import Clock
from millrace.common.runtime.failures import REFUSED, Failure


class Signer:
    """One signing key, made at the first start."""

    def __init__(self, master: bytes, clock: Clock) -> None:
        self._seal = AESGCM(hashlib.sha256(b"signing" + master).digest())
        self._clock = clock
        self._kid = ""
        self._key: Ed25519PrivateKey | None = None
        self.jwks: dict[str, Any] = {"keys": []}

    async def load(self, works: Works) -> None:
        """Read the keys; make one when there is none. Raises `Failure` when another master key sealed them."""
        async with works.begin() as work:
            await work.connection.execute("lock table signing_keys in exclusive mode")
            rows = await work.connection.fetch("select * from signing_keys order by created_at desc")
            if not rows:
                rows = [await self._make(work.connection)]
        newest = rows[0]
        sealed = bytes(newest["sealed"])
        try:
            raw = self._seal.decrypt(sealed[:12], sealed[12:], newest["kid"].encode())
        except InvalidTag:
            fix = "give the MILLRACE_MASTER_KEY or the data folder's keys/master.key that this database was set up with"
            raise Failure("the signing keys were sealed under another master key", fix, REFUSED) from None
        self._kid, self._key = newest["kid"], Ed25519PrivateKey.from_private_bytes(raw)
        self.jwks = {"keys": [orjson.loads(row["public"]) for row in rows]}

    async def _make(self, connection: Any) -> Any:
        key, kid, nonce = Ed25519PrivateKey.generate(), secrets.token_hex(8), secrets.token_bytes(12)
        raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        sealed = nonce + self._seal.encrypt(nonce, raw, kid.encode())
        public = jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "use": "sig"}
        query = "insert into signing_keys values ($1, $2, $3, $4) returning *"
        return await connection.fetchrow(query, kid, sealed, orjson.dumps(public).decode(), self._clock.now())

    def sign(self, kind: str, user: Any, session_id: UUID, seconds: int, **more: str | None) -> str:
        """A token of `kind` access or refresh; `more` claims are left out where they are None."""
        now: datetime = self._clock.now()
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user["id"]),
            "name": user["username"],
            "role": user["role"],
            "sid": str(session_id),
            "typ": kind,
            "iat": now,
            "exp": now + timedelta(seconds=seconds),
            "jti": secrets.token_hex(8),
            **{name: value for name, value in more.items() if value is not None},
        }
        assert self._key is not None
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers={"kid": self._kid})

    def read_refresh(self, token: str) -> tuple[UUID, UUID]:
        """User and session of a refresh token. Raises AUTH_INVALID."""
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            known = next((k for k in self.jwks["keys"] if k["kid"] == kid), None)
            if known is None:
                raise invalid()
            claims = jwt.decode(
                token,
                jwt.PyJWK(known).key,
                algorithms=["EdDSA"],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": ["exp", "sub", "sid", "typ"], "verify_exp": False, "verify_iat": False},
            )
            if claims["typ"] != "refresh" or claims["exp"] <= self._clock.now().timestamp():
                raise invalid()
            return UUID(claims["sub"]), UUID(claims["sid"])
        except (jwt.PyJWTError, ValueError, KeyError, TypeError):
            raise invalid() from None
