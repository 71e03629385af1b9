"""Strategies, asked of the bots service in the name of their owner."""

from typing import Any
from uuid import UUID

from millrace.backtest.app.ports import StrategyRow
from millrace.common.auth.internal import HEADER, Identities
from millrace.common.auth.principal import Principal
from millrace.common.kernel.clock import from_millis
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.ids import derive_id
from millrace.common.web.client import ServiceClient

_SAFE = "hold"


class BotsStrategies:
    """Asks for one strategy at a time."""

    def __init__(self, client: Any, identities: Identities) -> None:
        self._client = client
        self._identities = identities

    async def find(self, user: Principal, ref: UUID | int) -> StrategyRow:
        """By id or number."""
        try:
            row = await self._ask(user, ref)
        except MillraceError as problem:
            if problem.code is not Code.NOT_FOUND:
                raise
            if isinstance(ref, int):
                raise not_found("strategy") from None
            return StrategyRow(ref, 0, _SAFE, {})
        return StrategyRow(UUID(row["id"]), row["num"], row["bound"], row["parameters"])

    async def builtin(self, user: Principal, name: str) -> StrategyRow:
        """Under the id that a built-in strategy has everywhere."""
        row = await self._ask(user, derive_id(from_millis(0), "strategy", name))
        return StrategyRow(UUID(row["id"]), row["num"], name, {})

    async def _ask(self, user: Principal, ref: UUID | int) -> Any:
        client: ServiceClient = self._client("bots")
        headers = {HEADER: self._identities.sign(user, "bots")}
        return (await client.request("GET", f"/strategies/{ref}", headers=headers)).value()
