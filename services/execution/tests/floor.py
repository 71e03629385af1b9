"""A trading floor: execution with the services that decide and book, and a user with two paper accounts."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.auth.principal import Principal
from millrace.common.web.client import Answer
from services.execution.tests.desk import Desk, user_of

BUY = {"symbol": "BTC/USDT", "side": "buy", "order_type": "market", "quantity": "0.01"}


@dataclass(slots=True)
class Floor(Desk):
    """Everything is asked for over the API, in the user's name unless another is given."""

    async def ask(
        self, method: str, path: str, json: Any = None, user: Principal | None = None, **query: Any
    ) -> Answer:
        """The execution service's answer."""
        return await self.stand.ask("execution", method, path, user or self.user, json=json, query=query)

    async def get(self, path: str, **query: Any) -> Any:
        """What a GET finds."""
        return (await self.ask("GET", path, **query)).value()

    async def done(self, method: str, path: str, json: Any = None) -> Any:
        """The value of an answer, once everything that follows from it has happened."""
        answer = await self.ask(method, path, json)
        await self.stand.rest()
        return answer.value()

    async def refused(self, method: str, path: str, json: Any = None, user: Principal | None = None) -> tuple[str, str]:
        """The code and message of an error."""
        answer = await self.ask(method, path, json, user)
        assert answer.status >= 400, answer.body
        error = answer.json()["error"]
        return error["code"], error["message"]

    async def account(self, **terms: Any) -> Any:
        """A further account."""
        return await self.done("POST", "/accounts", {"exchange": "binance", **terms})

    async def group(self, *accounts: Any, **terms: Any) -> Any:
        """A group of accounts."""
        ids = [str(getattr(one, "id", None) or one) for one in accounts]
        return await self.done("POST", "/groups", {"name": "all", "accounts": ids, **terms})

    async def bought(self, quantity: str = "0.01", account: Any = None, **terms: Any) -> None:
        """A position that is filled."""
        where = {"account_id": str(account or self.account_id)}
        row = await self.done("POST", "/orders", {**BUY, "quantity": quantity, **where, **terms})
        assert (await self.get(f"/orders/{row['order_id']}"))["state"] == "filled"

    async def holds(self, account: Any = None, symbol: str = "BTC/USDT") -> Decimal:
        """What an account has of a pair by its fills."""
        query = "select coalesce(sum(quantity), 0) as held from holdings where account_id = $1 and symbol = $2"
        (row,) = await self.stand.rows("execution", query, UUID(str(account or self.account_id)), symbol)
        return Decimal(row["held"])


async def floor_on(stand: Any) -> Floor:
    """A floor with BTC at 20,000 USDT and 400,000 ZAR."""
    found = Floor(stand, *await user_of(stand))
    found.price("20000")
    found.price("400000", "BTC/ZAR", "luno")
    await stand.rest()
    return found
