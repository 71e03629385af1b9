"""API keys: for programs, with the rights their owner gives them."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from millrace.auth.app.audit import Audit
from millrace.auth.app.ports import Vault
from millrace.auth.domain.rules import check_networks, invalid, told_once, within
from millrace.common.auth.principal import PERMISSIONS
from millrace.common.auth.tokens import KEY_START
from millrace.common.auth.tokens import invalid as bad_token
from millrace.common.db.work import Works
from millrace.common.events.users import ApiKeyRevoked
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.ids import new_id

_ADD = """
insert into api_keys (id, user_id, name, prefix, hash, scopes, contract, addresses, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (id) do nothing returning *
"""
_ALIVE = "revoked_at is null and (expires_at is null or expires_at > $2)"
_COUNT = f"select count(*) from api_keys where user_id = $1 and {_ALIVE}"  # noqa: S608 - constants only
_LIST = f"select * from api_keys where user_id = $1 and {_ALIVE} order by created_at desc"  # noqa: S608
_REVOKE = """
update api_keys set revoked_at = $3 where id = $1 and user_id = $2 and revoked_at is null returning id
"""
_VERIFY = """
select k.*, u.username, u.role, u.contract as users_contract from api_keys k join users u on u.id = k.user_id
where k.hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2) and u.is_active
"""
_USED = "update api_keys set last_used_at = $2 where id = $1"
_LIMIT = 50
_STEP = timedelta(minutes=1)
_SHOWN = (
    *("id", "name", "prefix", "scopes", "contract", "addresses"),
    *("created_at", "expires_at", "last_used_at"),
)


class ApiKeys:
    """Makes, shows, revokes and recognises keys. Only a digest of a key is stored."""

    def __init__(self, works: Works, vault: Vault, clock: Clock, audit: Audit) -> None:
        self._works = works
        self._vault = vault
        self._clock = clock
        self._audit = audit

    async def create(
        self,
        user_id: UUID,
        role: str,
        *,
        name: str,
        scopes: Sequence[str],
        contract: str | None,
        addresses: Sequence[str],
        expires_at: datetime | None,
        intent_id: UUID | None = None,
    ) -> dict[str, Any]:
        """A new key, shown this once as `key`; its id is `intent_id` where there is one.

        Raises VALIDATION_ERROR, CONFLICT when there are too many, IDEMPOTENCY_CONFLICT when the intent has made one.
        """
        now, networks = self._clock.now(), check_networks(addresses)
        if beyond := sorted(set(scopes) - PERMISSIONS[role]):
            raise invalid("scopes", f"the role {role} does not carry {', '.join(beyond)}")
        if expires_at is not None and expires_at <= now:
            raise invalid("expires_at", "must be in the future")
        prefix, secret = f"{KEY_START}{secrets.token_hex(4)}", secrets.token_urlsafe(32)
        key = f"{prefix}_{secret}"
        async with self._works.begin(user_id) as work:
            await work.connection.execute("select from users where id = $1 for no key update", user_id)
            if await work.connection.fetchval(_COUNT, user_id, now) >= _LIMIT:
                raise MillraceError(Code.CONFLICT, f"there are already {_LIMIT} API keys; revoke one")
            values = (name, prefix, self._vault.digest("api key", key), sorted(set(scopes)), contract, networks)
            key_id = intent_id or new_id(self._clock)
            row: Any = await work.connection.fetchrow(_ADD, key_id, user_id, *values, now, expires_at)
            if row is None:
                raise told_once("API key")
            self._audit.note(work, user_id, "api_key.create", row["id"])
        return {**_shown(row), "key": key}

    async def of_user(self, user_id: UUID) -> list[dict[str, Any]]:
        """A user's living keys, the newest first."""
        async with self._works.database.as_user(user_id) as connection:
            return [_shown(row) for row in await connection.fetch(_LIST, user_id, self._clock.now())]

    async def revoke(self, user_id: UUID, key_id: UUID) -> None:
        """Make a key worthless. Raises NOT_FOUND."""
        async with self._works.begin(user_id) as work:
            if await work.connection.fetchval(_REVOKE, key_id, user_id, self._clock.now()) is None:
                raise not_found("API key")
            work.emit(ApiKeyRevoked(user_id=user_id, key_id=key_id))
            self._audit.note(work, user_id, "api_key.revoke", key_id)

    async def verify(self, key: str, ip: str) -> dict[str, Any]:
        """Whose key this is and what it may do. Raises AUTH_INVALID, and PERMISSION_DENIED for a wrong address."""
        now = self._clock.now()
        rows = await self._works.database.fetch(_VERIFY, self._vault.digest("api key", key), now)
        if not rows:
            raise bad_token()
        row = rows[0]
        if not within(ip, row["addresses"]):
            raise MillraceError(Code.PERMISSION_DENIED, "this API key may not be used from this address")
        if row["last_used_at"] is None or row["last_used_at"] < now - _STEP:
            async with self._works.begin() as work:
                await work.connection.execute(_USED, row["id"], now)
        return {
            "id": row["id"],
            "user_id": row["user_id"],
            "username": row["username"],
            "role": row["role"],
            "scopes": sorted(PERMISSIONS[row["role"]] & set(row["scopes"])),
            "contract": row["contract"] or row["users_contract"],
            "expires_at": row["expires_at"],
        }


def _shown(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in _SHOWN}
