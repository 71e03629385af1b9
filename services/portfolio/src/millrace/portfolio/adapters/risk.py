"""Asks the risk service about funds."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.auth.internal import HEADER, Identities
from millrace.common.auth.principal import Principal
from millrace.common.web.client import ServiceClient

_NAME = "risk"


class RiskFunds:
    """What risk keeps of the accounts' funds, over its HTTP API, in the name of their owner."""

    def __init__(self, client: Callable[[str], ServiceClient], identities: Identities) -> None:
        self._client = client
        self._identities = identities

    async def reserved(self, user: Principal) -> dict[tuple[UUID, str], Decimal]:
        found = await self._ask("GET", "/funds", user)
        return {(UUID(row["account_id"]), row["currency"]): Decimal(row["reserved"]) for row in found["items"]}

    async def move(self, transfer: Mapping[str, Any]) -> None:
        names = ("from_account_id", "to_account_id", "currency", "amount")
        asked = {"transfer_id": transfer["id"], **{name: transfer[name] for name in names}}
        await self._ask("POST", "/funds/moves", Principal(transfer["user_id"], "portfolio", "trader"), asked)

    async def _ask(self, method: str, path: str, user: Principal, json: Any = None) -> Any:
        headers = {HEADER: self._identities.sign(user, _NAME)}
        return (await self._client(_NAME).request(method, path, json=json, headers=headers)).value()
