"""What the services know of a user."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.assistant.app.ports import Platform
from millrace.common.auth.principal import Principal
from millrace.common.events.trading import TERMINAL, OrderState
from millrace.common.kernel.conversion import Conversion, conversion
from millrace.common.kernel.errors import MillraceError

Row = dict[str, Any]

_PAGE = 1000
_CONVERTIBLE = frozenset({"ZAR", "USDT"})
"""There is always a rate between these; in any other currency a missing rate would make a figure too small."""
_NONE = Conversion("")
LIVE = [state.value for state in OrderState if state not in TERMINAL]


class Facts:
    """Questions in one user's name. All raise `Away` and the services' own errors."""

    def __init__(self, platform: Platform, user: Principal) -> None:
        self._platform = platform
        self._user = user

    async def me(self) -> Row:
        """The user's profile: `username`, `first_name`, `currency`."""
        return dict(await self._platform.ask(self._user, "auth", "/users/me"))

    async def currency(self) -> str | None:
        """The currency the user wants to read amounts in; None: that of the first account."""
        try:
            wanted = (await self.me())["currency"]
        except MillraceError:
            return None
        return str(wanted) if wanted in _CONVERTIBLE else None

    async def bots(self) -> list[Row]:
        """All bots."""
        return await self._pages("bots", "/bots")

    async def bot_results(self, currency: str | None = None) -> dict[str, Decimal]:
        """Each bot's profit over all time by its id, after fees, in its pair's quote currency, or in `currency`.

        Of what has no rate to `currency` nothing is told.
        """
        found = await self._platform.ask(self._user, "portfolio", "/bots", currency=currency)
        return {bot_id: Decimal(str(amount)) for bot_id, amount in found.items()}

    async def conversion(self) -> Conversion:
        """Into the user's currency; what it does not know stays in its own."""
        into = await self.currency()
        return conversion(await self._platform.ask(self._user, "portfolio", "/rates", into=into)) if into else _NONE

    async def overview(self, bots: list[Row], currency: str | None) -> Row:
        """The portfolio in a few figures."""
        found = await self._platform.ask(self._user, "portfolio", "/overview", currency=currency)
        active = sum(1 for bot in bots if bot["status"] == "active")
        return {**found, "active_bots": active, "total_bots": len(bots)}

    async def performance(self, period: str, currency: str | None, bots: list[str] | None = None) -> Row:
        """The result of a period: of chosen bots, or of all accounts."""
        query = {"period": period, "bot_id": bots, "currency": currency}
        return dict(await self._platform.ask(self._user, "portfolio", "/performance", **query))

    async def balance(self, currency: str | None) -> Row:
        """Funds at market."""
        return dict(await self._platform.ask(self._user, "portfolio", "/balance", currency=currency))

    async def positions(self) -> list[Row]:
        """Open positions."""
        return await self._pages("portfolio", "/positions")

    async def trades(self, limit: int) -> list[Row]:
        """The newest fills."""
        found = await self._platform.ask(self._user, "portfolio", "/trades", limit=limit)
        return list(found["items"])

    async def open_orders(self, symbol: str | None = None) -> list[Row]:
        """Orders that have not come to their end."""
        return await self._pages("execution", "/orders", state=LIVE, symbol=symbol)

    async def order(self, order_id: UUID) -> Row:
        """One order. Raises NOT_FOUND."""
        return dict(await self._platform.ask(self._user, "execution", f"/orders/{order_id}"))

    async def bot(self, bot_id: UUID) -> Row:
        """One bot. Raises NOT_FOUND."""
        return dict(await self._platform.ask(self._user, "bots", f"/bots/{bot_id}"))

    async def accounts(self, exchange: str) -> list[Row]:
        """The accounts at an exchange."""
        return await self._pages("execution", "/accounts", exchange=exchange)

    async def limits(self) -> list[Row]:
        """Each limit with what is used of it."""
        return list((await self._platform.ask(self._user, "risk", "/limits"))["items"])

    async def effective_limits(self) -> Row:
        """What the next order is checked against."""
        return dict(await self._platform.ask(self._user, "risk", "/limits/effective"))

    async def switches(self) -> list[Row]:
        """The kill switches that are thrown."""
        return list((await self._platform.ask(self._user, "risk", "/kill"))["items"])

    async def alerts(self, limit: int, since: str | None = None) -> Row:
        """The newest risk alerts, and how many there are."""
        return dict(await self._platform.ask(self._user, "risk", "/alerts", limit=limit, since=since))

    async def ticker(self, symbol: str, exchange: str | None = None) -> Row:
        """A market's last price and its day."""
        return dict(await self._platform.ask(self._user, "marketdata", "/ticker", symbol=symbol, exchange=exchange))

    async def _pages(self, service: str, path: str, **query: Any) -> list[Row]:
        found: list[Row] = []
        total = 1
        while len(found) < total:
            page = await self._platform.ask(self._user, service, path, limit=_PAGE, offset=len(found), **query)
            total = page["total"]
            found += page["items"]
            if not page["items"]:
                break
        return found
