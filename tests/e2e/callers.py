"""Everybody who may stand at a door: who cannot say who they are, whose credential is of no use, and who may enter."""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from millrace.common.auth.internal import HEADER
from millrace.common.auth.principal import PERMISSIONS, Principal
from millrace.common.runtime.platform import Platform
from tests.e2e.client import Client, until

PASSWORD = "SecurePass123!"
FORGED: Mapping[str, Mapping[str, Any]] = {
    "another audience": {"aud": "another-api"},
    "another issuer": {"iss": "another"},
    "another type": {"typ": "confirmation"},
    "expired token": {"exp": 1_700_000_000},
}
"""Good tokens of an administrator but for these claims, under the platform's own signature."""
NOBODY = (
    *("anonymous", "nonsense", "unsigned token", "foreign signature", *FORGED),
    *("refresh token", "internal identity", "confirmation token", "password reset", "one-time link", "webhook secret"),
    *("ended session", "revoked session", "revoked key", "disabled user"),
)
ROLES = ("viewer", "exporter", "trader", "admin")
SCOPES: Mapping[str, frozenset[str]] = {
    "key without scope": frozenset({"export"}),
    "key to read": frozenset({"read"}),
}
CALLERS = (*NOBODY, *ROLES, *SCOPES)


def permissions(caller: str) -> frozenset[str]:
    """What somebody who is known may do."""
    return SCOPES.get(caller) or PERMISSIONS[caller]


def headers(caller: str, credential: str) -> dict[str, str]:
    """How they show it over HTTP."""
    if not credential:
        return {}
    if caller in SCOPES or caller == "revoked key":
        return {"x-api-key": credential}
    shown = {"authorization": f"Bearer {credential}"}
    return shown | {HEADER: credential} if caller == "internal identity" else shown


async def credentials(platform: Platform, client: Client) -> dict[str, str]:
    """Each caller's credential. `client` is a trader, whom some of the worthless ones would be good for."""
    name, owner = client.name, await _principal(client)
    found = {"anonymous": "", "nonsense": "a.b.c"}
    for role in ROLES:
        found[role] = await token(client, await user(platform, role))
    found |= await _forged(platform, found["admin"])
    found["refresh token"] = await token(client, name, "refresh_token")
    found["internal identity"] = platform.host.keys().internal.sign(owner, "gateway")
    found["one-time link"] = (await platform.ask("auth", "POST", "/tickets", owner))["ticket"]
    found |= await _of_other_kinds(platform, client)
    found["ended session"] = await token(client, name)
    await client.call("POST", "/api/v1/auth/logout", {}, headers=headers("", found["ended session"]))
    found["revoked session"] = await token(client, name)
    last = await token(client, name)
    await client.call("POST", "/api/v1/auth/sessions/terminate-others", headers=headers("", last))
    gone = await user(platform, "trader")
    found["disabled user"] = await token(client, gone)
    row = await platform.ask("auth", "GET", f"/users/by-name/{gone}")
    await platform.ask("auth", "PATCH", f"/users/{row['id']}", json={"is_active": False})
    client.token = found["trader"]
    for caller, scopes in {**SCOPES, "revoked key": {"read", "trade"}}.items():
        asked = {"name": caller, "scopes": sorted(scopes)}
        status, key = await client.call("POST", "/api/v1/auth/api-keys", asked)
        assert status == 201, key
        found[caller] = key["key"]
        if caller == "revoked key":
            await client.call("DELETE", f"/api/v1/auth/api-keys/{key['id']}")
    client.token = ""
    for caller in ("ended session", "revoked session", "revoked key", "disabled user"):

        async def refused(caller: str = caller) -> bool:
            return (await client.call("GET", "/api/v1/users/me", headers=headers(caller, found[caller])))[0] == 401

        await until(refused)
    assert set(found) == set(CALLERS)
    return found


async def user(platform: Platform, role: str, name: str = "") -> str:
    """The name of a new user."""
    name = name or f"{role}-{uuid4().hex[:8]}"
    asked = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, "role": role}
    await platform.ask("auth", "POST", "/users", json=asked)
    return name


async def token(client: Client, name: str, kind: str = "access_token") -> str:
    """A token of a new session."""
    client.token = ""
    status, found = await client.call("POST", "/api/v1/auth/login", {"username": name, "password": PASSWORD})
    assert status == 200, found
    return str(found[kind])


async def _principal(client: Client) -> Principal:
    me = await client.get("/api/v1/users/me")
    return Principal(UUID(me["id"]), me["username"], "trader")


async def _forged(platform: Platform, good: str) -> dict[str, str]:
    claims, kid = jwt.decode(good, options={"verify_signature": False}), jwt.get_unverified_header(good)["kid"]
    rows = await platform.host.running["auth"].database.fetch("select sealed from signing_keys where kid = $1", kid)
    sealed = bytes(rows[0]["sealed"])
    seal = AESGCM(hashlib.sha256(b"signing" + platform.host.keys().master).digest())
    ours = Ed25519PrivateKey.from_private_bytes(seal.decrypt(sealed[:12], sealed[12:], kid.encode()))

    def signed(key: Ed25519PrivateKey, changes: Mapping[str, Any]) -> str:
        return jwt.encode({**claims, **changes}, key, algorithm="EdDSA", headers={"kid": kid})

    assert signed(ours, {}) == good
    unsigned = b'{"alg":"none","typ":"JWT","kid":"%s"}' % kid.encode(), orjson.dumps(claims), b""
    return {
        **{caller: signed(ours, changes) for caller, changes in FORGED.items()},
        "foreign signature": signed(Ed25519PrivateKey.generate(), {}),
        "unsigned token": ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in unsigned),
    }


async def _of_other_kinds(platform: Platform, client: Client) -> dict[str, str]:
    """Secrets of a living user that are for something else."""
    client.token = await token(client, client.name)
    bot = {"name": "Alpha", "strategy_id": str(UUID(int=0)), "exchange": "binance", "symbol": "BTCUSDT"}
    status, made = await client.call("POST", "/api/v1/bots", bot)
    assert status == 201, made
    await client.call("POST", f"/api/v1/bots/{made['id']}/start")
    _, plan = await client.call("POST", "/api/ai/chat", {"message": "pause Alpha"})
    _, hook = await client.call("PUT", "/api/v1/webhook/secret", {})
    await client.call("POST", "/api/v1/auth/password/reset", {"email": f"{client.name}@example.com"})
    mails = platform.settings.data_dir / "mail"
    reset: list[str] = []

    async def mailed() -> bool:
        texts = [file.read_text() for file in mails.glob("*.eml")]
        reset.extend(re.findall(r"\?reset=([\w-]+)", next((text for text in texts if client.name in text), "")))
        return bool(reset)

    await until(mailed)
    return {
        "confirmation token": plan["confirmation_token"],
        "webhook secret": hook["secret"],
        "password reset": reset[0],
    }
