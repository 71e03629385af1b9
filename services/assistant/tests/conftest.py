"""The assistant on a stand, with stand-ins for the other services that answer as they do, over the same clients."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from millrace.common.auth.internal import HEADER
from millrace.common.auth.principal import Principal
from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.testing.service import Stand, StartService
from millrace.common.web.client import Answer

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
SERVICES = ("auth", "bots", "portfolio", "execution", "risk", "marketdata")
OWNER = Principal(UUID(int=7), "john", "trader")
Teller = Callable[[str, str, Mapping[str, Any] | None], Any]


class Others:
    """What the other services know, by (service, path): a value, an error or a function of the query; else it is away.

    `told` are the requests that change something, in order: service, method, path, body.
    """

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Any] = {}
        self.told: list[tuple[str, str, str, Any]] = []
        self.answers: dict[tuple[str, str, str], Any] = {}
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.names: set[str] = set()

    def client(self, service: str, stand: Stand) -> "Client":
        """How the assistant reaches a service."""
        return Client(self, service, stand)


class Client:
    """One service's stand-in. Every call must carry an identity that was signed for this very service."""

    def __init__(self, others: Others, service: str, stand: Stand) -> None:
        self._others = others
        self._service = service
        self._stand = stand

    def close(self) -> None:
        """Nothing is open."""

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        deadline: float = 10.0,
    ) -> Answer:
        """The answer that is known, or UNAVAILABLE as the real client raises it."""
        user = self._stand.host.keys().internal.read((headers or {})[HEADER], self._service)
        self._others.names.add(user.username)
        if method == "GET":
            self._others.asked.append((self._service, path, dict(query or {})))
            found = self._others.known.get((self._service, path))
            found = found(dict(query or {})) if callable(found) else found
        else:
            self._others.told.append((self._service, method, path, json))
            found = self._others.answers.get((self._service, method, path))
        if found is None:
            raise MillraceError(Code.UNAVAILABLE, "the service is temporarily unavailable; try again", retry_after=1)
        if isinstance(found, MillraceError):
            raise found
        return Answer(200, {}, orjson.dumps(found))


def page(*items: Any) -> dict[str, Any]:
    """A page that holds all there is."""
    return {"items": list(items), "total": len(items), "limit": 1000, "offset": 0}


def bot(num: int, name: str, status: str = "active", **more: Any) -> dict[str, Any]:
    """A bot as the bots service shows it."""
    row = {
        "id": str(UUID(int=1000 + num)),
        "num": num,
        "name": name,
        "status": status,
        "exchange": "binance",
        "symbol": "BTC/USDT",
        "position": "0",
        "reason": None,
    }
    return {**row, **more}


def order(num: int, **more: Any) -> dict[str, Any]:
    """An open order as execution shows it."""
    row = {
        "order_id": str(UUID(int=2000 + num)),
        "num": num,
        "side": "buy",
        "symbol": "BTC/USDT",
        "exchange": "binance",
        "quantity": "0.5",
        "filled_quantity": "0.1",
        "price": "60000",
        "state": "open",
        "reason": None,
    }
    return {**row, **more}


def performance(total: str, fraction: str | None = "0.005", currency: str = "ZAR") -> dict[str, Any]:
    """A report as portfolio makes it."""
    return {
        "currency": currency,
        "total_return": total,
        "total_return_fraction": fraction,
        "final_balance": "10050",
    }


LIMITS = {
    "max_position_value": "100000",
    "max_daily_loss": "1000",
    "max_daily_loss_fraction": None,
    "max_drawdown": "0.25",
    "max_open_orders": 50,
    "updated_at": None,
    "last_contract": None,
}


class Desk:
    """One user in front of the assistant."""

    def __init__(self, stand: Stand, others: Others, user: Principal = OWNER) -> None:
        self.stand = stand
        self.others = others
        self.user = user

    def as_user(self, user: Principal) -> "Desk":
        """Another user at the same assistant."""
        return Desk(self.stand, self.others, user)

    def bots(self, *rows: dict[str, Any]) -> None:
        """These bots exist, and can be moved."""
        self.others.known["bots", "/bots"] = page(*rows)
        for row in rows:
            self.others.known["bots", f"/bots/{row['id']}"] = row
            for verb, status in {"start": "active", "pause": "paused", "resume": "active", "stop": "stopped"}.items():
                self.others.answers["bots", "POST", f"/bots/{row['id']}/{verb}"] = {**row, "status": status}

    def orders(self, *rows: dict[str, Any]) -> None:
        """These orders exist, and can be cancelled."""
        self.others.known["execution", "/orders"] = page(*rows)
        for row in rows:
            self.others.known["execution", f"/orders/{row['order_id']}"] = row
            self.others.answers["execution", "DELETE", f"/orders/{row['order_id']}"] = {**row, "state": "cancelled"}

    async def post(self, message: str, token: str | None = None, intent: UUID | None = None) -> Answer:
        """The raw answer to a message."""
        asked: dict[str, Any] = {"message": message, "intent_id": intent}
        asked |= {"confirmation_token": token} if token is not None else {}
        return await self.stand.ask("assistant", "POST", "/messages", self.user, json=asked)

    async def say(self, message: str, token: str | None = None, intent: UUID | None = None) -> dict[str, Any]:
        """The reply to a message."""
        found: dict[str, Any] = (await self.post(message, token, intent)).value()
        return found

    async def text(self, message: str) -> str:
        """Only its words."""
        return str((await self.say(message))["text"])

    async def history(self, **query: Any) -> dict[str, Any]:
        """The conversation."""
        found: dict[str, Any] = (await self.stand.ask("assistant", "GET", "/messages", self.user, query=query)).value()
        return found


NewDesk = Callable[..., Awaitable[Desk]]


@pytest.fixture
def clock() -> ManualClock:
    """Stands at noon until it is moved."""
    return ManualClock(AT)


@pytest.fixture
def new_desk(start_service: StartService, clock: ManualClock) -> NewDesk:
    """Starts the assistant, with a user in front of it."""

    async def start() -> Desk:
        stand = await start_service("assistant", clock=clock)
        others = Others()
        stand.host._clients.update({name: others.client(name, stand) for name in SERVICES})
        return Desk(stand, others)

    return start


@pytest.fixture
async def desk(new_desk: NewDesk) -> Desk:
    """One of them, with what every user has."""
    made = await new_desk()
    known = made.others.known
    known["auth", "/users/me"] = {"username": "john", "first_name": "John", "currency": "ZAR"}
    known["risk", "/limits/effective"] = LIMITS
    known["risk", "/kill"] = {"items": []}
    known["marketdata", "/ticker"] = {
        "exchange": "binance",
        "symbol": "BTC/USDT",
        "price": "60000",
        "at": "2026-01-05T12:00:00Z",
        "change_percent_24h": "1.5",
    }
    made.bots(bot(1, "Alpha"), bot(2, "Beta bot", "paused", reason="drawdown"))
    made.orders()
    return made
