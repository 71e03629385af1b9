"""What other services know of a user, asked in the user's name."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.auth.internal import HEADER, Identities
from millrace.common.auth.principal import Principal
from millrace.common.web.client import ServiceClient

_PAGE = 1000


class Neighbours:
    """Asks portfolio and bots. Raises UNAVAILABLE when they do not answer."""

    def __init__(self, call: Any, identities: Identities) -> None:
        self._call = call
        self._identities = identities

    async def funds(self, user: Principal) -> dict[UUID, dict[str, Any]]:
        """By account: `currency`, `equity` in it, and `balances` by asset."""
        found: dict[UUID, dict[str, Any]] = {}
        for row in (await self._ask("portfolio", "/balances", user))["items"]:
            fresh = {"currency": row["account_currency"], "equity": Decimal(row["equity"]), "balances": {}}
            account = found.setdefault(UUID(row["account_id"]), fresh)
            account["balances"][row["currency"]] = Decimal(row["total"])
        return found

    async def bots_on(self, user: Principal, account_id: UUID) -> list[str]:
        """The names of the bots that trade on an account."""
        names: list[str] = []
        offset, total = 0, 1
        while offset < total:
            page = await self._ask("bots", "/bots", user, limit=_PAGE, offset=offset)
            names += [row["name"] for row in page["items"] if row["account_id"] == str(account_id)]
            offset, total = offset + _PAGE, page["total"]
        return names

    async def _ask(self, service: str, path: str, user: Principal, **query: Any) -> Any:
        client: ServiceClient = self._call(service)
        headers = {HEADER: self._identities.sign(user, service)}
        return (await client.request("GET", path, query=query, headers=headers)).value()
