"""The bots service beside a market that only the test moves; one owner with one account of 10,000 USDT."""

import csv
import gzip
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid4

import pytest

from millrace.common.auth.principal import Principal
from millrace.common.events.market import CandleClosed
from millrace.common.events.trading import AccountOpened, OrderState, OrderType, OrderUpdated, Side, SignalRaised
from millrace.common.kernel.ids import new_id
from millrace.common.kernel.market import Candle
from millrace.common.testing.service import Stand, StartService
from services.bots.tests.floor import Floor, user_on

START = datetime(2024, 1, 1, tzinfo=UTC)
BAR = timedelta(minutes=5)


def candle(number: int, close: object = 100, symbol: str = "BTC/USDT", timeframe: str = "5m") -> Candle:
    """A flat bar."""
    price = Decimal(str(close))
    return Candle("binance", symbol, timeframe, START + number * BAR, price, price, price, price, Decimal(1))


class Owner:
    """One user, and what the other services say."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.user = Principal(uuid4(), "owner", "trader")
        self.account_id = uuid4()

    async def open(self, funds: str = "10000") -> None:
        """The account opens."""
        account = {"name": "Paper", "exchange": "binance", "mode": "paper", "currency": "USDT"}
        opened = AccountOpened(
            user_id=self.user.user_id, account_id=self.account_id, initial_balance=Decimal(funds), **account
        )
        await self.stand.hear(opened, at=START - timedelta(days=30))

    async def ask(self, method: str, path: str, json: Any = None, query: Any = None) -> Any:
        """The service's answer to this owner."""
        return await self.stand.ask("bots", method, path, self.user, json=json, query=query)

    async def strategy_id(self, name: str) -> str:
        """The id of a built-in strategy."""
        items = (await self.ask("GET", "/strategies")).value()["items"]
        found: str = next(item["id"] for item in items if item["name"] == name)
        return found

    async def bot(self, strategy: str = "trend", *, start: bool = True, **asked: Any) -> UUID:
        """A new bot on five-minute bars of BTC/USDT, running."""
        new = {"name": "bot", "strategy_id": await self.strategy_id(strategy), "symbol": "BTC/USDT", "timeframe": "5m"}
        made = (await self.ask("POST", "/bots", {**new, **asked})).value()
        if start:
            (await self.ask("POST", f"/bots/{made['id']}/start")).value()
        return UUID(made["id"])

    async def row(self, bot_id: UUID) -> dict[str, Any]:
        """The bot as it is stored."""
        return (await self.stand.rows("bots", "select * from bots where id = $1", bot_id))[0]

    async def skips(self, bot_id: UUID) -> dict[str, int]:
        """How often the bot did nothing, by reason."""
        items = (await self.ask("GET", f"/bots/{bot_id}/skips")).value()["items"]
        return {item["reason"]: item["count"] for item in items}

    def signals(self, bot_id: UUID | None = None) -> list[SignalRaised]:
        """What was signalled, in order."""
        said = [s for s in self.stand.said(SignalRaised) if s.user_id == self.user.user_id]
        return [s for s in said if bot_id in (None, s.bot_id)]

    async def order(
        self, signal: SignalRaised, state: OrderState, version: int, filled: object = 0, **changes: Any
    ) -> OrderUpdated:
        """The order that a signal became, and how far it has come; heard by the service."""
        quantity = Decimal(str(filled))
        facts: dict[str, Any] = {
            "user_id": signal.user_id,
            "account_id": signal.account_id,
            "order_id": signal.signal_id,
            "intent_id": signal.signal_id,
            "client_order_id": signal.signal_id.hex,
            "source": "bot",
            "origin": "bot",
            "bot_id": signal.bot_id,
            "exchange": signal.exchange,
            "symbol": signal.symbol,
            "side": signal.side,
            "order_type": OrderType.MARKET,
            "quantity": signal.quantity,
            "requested_at": signal.candle_at,
            "state": state,
            "filled_quantity": quantity,
            "filled_notional": quantity * signal.reference_price,
            "fees": Decimal(0),
            "version": version,
            "updated_at": signal.candle_at,
        }
        update = OrderUpdated(**{**facts, **changes})
        await self.stand.hear(update, at=signal.candle_at)
        return update

    def signal(self, bot_id: UUID, **changes: Any) -> SignalRaised:
        """A signal as the bot could have raised it."""
        facts: dict[str, Any] = {
            "user_id": self.user.user_id,
            "account_id": self.account_id,
            "signal_id": new_id(),
            "bot_id": bot_id,
            "bot": "bot",
            "exchange": "binance",
            "symbol": "BTC/USDT",
            "side": Side.BUY,
            "quantity": Decimal(1),
            "reference_price": Decimal(100),
            "reason": "test",
            "candle_at": START,
        }
        return SignalRaised(**{**facts, **changes})


NewOwner = Callable[..., Awaitable[Owner]]
Play = Callable[..., Awaitable[None]]


@pytest.fixture
async def stand(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """Market data, with nothing happening by itself, and bots."""
    monkeypatch.setenv("MILLRACE_MARKETDATA_FEED", "none")
    return await start_service("marketdata", "bots")


@pytest.fixture
def new_owner(stand: Stand) -> NewOwner:
    """Makes users with an account each."""

    async def create(funds: str = "10000") -> Owner:
        owner = Owner(stand)
        await owner.open(funds)
        return owner

    return create


@pytest.fixture
async def owner(new_owner: NewOwner) -> Owner:
    """One of them."""
    return await new_owner()


@pytest.fixture
def play(stand: Stand) -> Play:
    """`play(candles)` stores candles and lets them close, one after the other unless they shall come `together`."""

    async def run(candles: Sequence[Candle], *, together: bool = False, heard: bool = True) -> None:
        names = ("exchange", "symbol", "timeframe", "opened_at", "open", "high", "low", "close", "volume")
        insert = f"insert into candles ({', '.join(names)}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        events = [(CandleClosed.of(c), c.closed_at) for c in candles]
        for c in candles:
            await stand.rows("marketdata", f"{insert} on conflict do nothing", *(getattr(c, n) for n in names))
        if not heard:
            return
        sent = [(CandleClosed.topic, stand.envelope(event, at)) for event, at in events]
        if together:
            await stand.deliver(*sent)
        for message in [] if together else sent:
            await stand.deliver(message)

    return run


@pytest.fixture
async def floor(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> Floor:
    """A user beside all the services that bots have to do with; BTC at 20,000 USDT."""
    monkeypatch.setenv("MILLRACE_MARKETDATA_FEED", "none")
    found = await user_on(await start_service("marketdata", "execution", "risk", "portfolio", "bots"))
    await found.price("20000")
    return found


@pytest.fixture(scope="session")
def recorded() -> list[Candle]:
    """The recorded bars of BTC/USDT that come with the project."""
    path = files("millrace.marketdata").joinpath("recorded/binance_btcusdt_5m.csv.gz")
    with path.open("rb") as raw, gzip.open(raw, "rt") as lines:
        return [
            Candle(
                "binance",
                "BTC/USDT",
                "5m",
                datetime.fromtimestamp(int(row["timestamp"]) / 1000, UTC),
                *(Decimal(row[name]) for name in ("open", "high", "low", "close", "volume")),
            )
            for row in csv.DictReader(lines)
        ]


@pytest.fixture
def bars() -> Callable[..., Candle]:
    """Makes flat bars: `bars(number, close)`."""
    return candle
