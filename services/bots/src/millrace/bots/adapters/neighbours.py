"""What the other services know and do, asked in the user's name."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.bots.app.earnings import Metrics
from millrace.common.auth.internal import HEADER, Identities
from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.client import ServiceClient

_PATIENCE = 2.0  # seconds: without a price an alert becomes no order; who sends alerts waits three


class Neighbours:
    """Asks portfolio, execution and marketdata. Raises their own errors, UNAVAILABLE when they do not answer."""

    def __init__(self, call: Callable[[str], ServiceClient], identities: Identities, me: Principal) -> None:
        self._call = call
        self._identities = identities
        self._me = me

    async def of_bots(self, user: Principal, bots: Sequence[UUID], capital: Decimal, currency: str) -> Metrics:
        """What bots earned over all time; nothing while nobody answers."""
        query = {"period": "all", "bot_id": list(bots), "capital": capital, "currency": currency}
        try:
            found = await self._ask("portfolio", "GET", "/performance", user, query=query)
        except MillraceError as problem:
            if problem.code is Code.UNAVAILABLE:
                return Metrics()
            raise
        told = {"total_return": found["total_return_fraction"], **found["metrics"]}
        return Metrics(*(None if told[name] is None else Decimal(str(told[name])) for name in Metrics._fields))

    async def account(self, user: Principal, account_id: UUID) -> Any:
        """One of the user's accounts. Raises NOT_FOUND."""
        return await self._ask("execution", "GET", f"/accounts/{account_id}", user)

    async def terminate(self, user: Principal, bot: Mapping[str, Any], intent_id: UUID) -> Any:
        """Cancel the orders and sell what is held: by a bot, and by anybody on the accounts it is connected with.

        What became of each, once for each `intent_id`.
        """
        json = {"intent_id": str(intent_id), "account_ids": [str(account) for account in bot["accounts"]]}
        return await self._ask("execution", "POST", f"/bots/{bot['id']}/terminate", user, json=json)

    async def price(self, exchange: str, symbol: str) -> Decimal:
        """The market's last price. Raises UNAVAILABLE without one."""
        query = {"exchange": exchange, "symbol": symbol}
        found = await self._ask("marketdata", "GET", "/ticker", self._me, query=query, deadline=_PATIENCE)
        return Decimal(str(found["price"]))

    async def _ask(self, service: str, method: str, path: str, user: Principal, **terms: Any) -> Any:
        headers = {HEADER: self._identities.sign(user, service)}
        return (await self._call(service).request(method, path, headers=headers, **terms)).value()
