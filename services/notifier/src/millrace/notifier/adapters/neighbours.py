"""The other services, over their HTTP APIs."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.auth.internal import HEADER, Identities
from millrace.common.auth.principal import Principal
from millrace.common.kernel.conversion import Conversion, conversion
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.web.client import ServiceClient
from millrace.contracts.canonical.accounts import Funds, free_dollars
from millrace.contracts.canonical.performance import Overview
from millrace.contracts.canonical.trading import Trade
from millrace.notifier.app.ports import Place

_MOST = 1000
_NAMED = 100  # ids in one address
_SECONDS = 5.0
_TRADE = ("bot_id", "exchange", "symbol", "side", "quantity", "price", "at")
_OVERVIEW = ("total_profit", "total_capital", "currency", "risk_level")


class Neighbours:
    """Signs each question as the user's own."""

    def __init__(self, call: Callable[[str], ServiceClient], identities: Identities) -> None:
        self._call = call
        self._identities = identities

    async def number(self, user: Principal) -> int:
        return int((await self._ask(user, "auth", "/users/me"))["num"])

    async def overview(self, user: Principal) -> Overview:
        me = await self._ask(user, "auth", "/users/me")
        found = await self._ask(user, "portfolio", "/overview", currency=me["currency"])
        active, total = await self._bots(user, status="active"), await self._bots(user)
        return Overview(**{name: found[name] for name in _OVERVIEW}, active_bots=active, total_bots=total)

    async def _bots(self, user: Principal, **query: Any) -> int:
        return int((await self._ask(user, "bots", "/bots", limit=1, **query))["total"])

    async def trades(self, user: Principal, limit: int) -> Sequence[Trade]:
        found = (await self._ask(user, "portfolio", "/trades", limit=limit))["items"]
        into = await self._into(user) if found else Conversion("")
        return [_trade(row, into) for row in found]

    async def profits(self, user: Principal, since: datetime, fills: set[UUID]) -> dict[UUID, Decimal]:
        found: dict[UUID, Decimal] = {}
        into = await self._into(user)
        after = (since - timedelta(seconds=1)).isoformat()
        seen, total = 0, 1
        while seen < total and len(found) < len(fills):
            page = await self._ask(user, "portfolio", "/trades", since=after, limit=_MOST, offset=seen)
            trades = [_trade(row, into) for row in page["items"]]
            found |= {trade.id: trade.profit for trade in trades if trade.id in fills}
            seen, total = seen + _MOST, page["total"]
        return found

    async def funds(self, user: Principal) -> Funds:
        found = free_dollars(await self._ask(user, "portfolio", "/balance", currency="USDT"))
        held = await self._ask(user, "portfolio", "/positions", limit=_MOST)
        return Funds(**{**dict(found), "positions": held["items"]})

    async def holding(self, user: Principal, orders: Collection[UUID]) -> set[UUID]:
        named, found = list(orders), set[UUID]()
        for first in range(0, len(named), _NAMED):
            asked = named[first : first + _NAMED]
            found |= {UUID(id) for id in (await self._ask(user, "risk", "/funds/holding", order_id=asked))["items"]}
        return found

    async def _into(self, user: Principal) -> Conversion:
        me = await self._ask(user, "auth", "/users/me")
        return conversion(await self._ask(user, "portfolio", "/rates", into=me["currency"]))

    async def place(self, user: Principal, exchange: str | None, symbol: str) -> Place:
        name = str(parse_symbol(symbol))
        query = {"exchange": exchange and exchange.strip().lower(), "limit": 1}
        try:
            found = await self._ask(user, "marketdata", "/symbols", symbol=name, **query)
        except MillraceError as unknown:
            if unknown.code is not Code.INVALID_SYMBOL or not name.endswith("/USD"):
                raise
            found = await self._ask(
                user, "marketdata", "/symbols", symbol=f"{name}T", **query
            )  # a dollar, where none is
        if not found["items"]:
            raise MillraceError(Code.INVALID_SYMBOL, f"{name} is not known")
        return Place(found["items"][0]["exchange"], found["items"][0]["symbol"])

    async def _ask(self, user: Principal, service: str, path: str, **query: Any) -> Any:
        headers = {HEADER: self._identities.sign(user, service)}
        answer = await self._call(service).request("GET", path, query=query, headers=headers, deadline=_SECONDS)
        return answer.value()


def _trade(row: dict[str, Any], into: Conversion) -> Trade:
    profit = into.booked(Decimal(row["profit_loss"]), row["symbol"].split("/")[1], row["rates"])
    return Trade(id=row["fill_id"], profit=profit, **{name: row[name] for name in _TRADE})
