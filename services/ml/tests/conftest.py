"""Bars made up for one test; and the ml service beside a market that has two months of real hours and stands still."""

import csv
import gzip
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from math import exp
from typing import Any
from uuid import UUID

import pytest

from millrace.common.auth.principal import Principal
from millrace.common.kernel.clock import ManualClock
from millrace.common.testing.service import Stand, StartService
from millrace.common.web.client import Answer
from millrace.ml.app.ports import Series
from millrace.ml.app.seeds import seed_id
from millrace.ml.domain.recipe import Bars

HOUR = timedelta(hours=1)
BTC = Series("binance", "BTC/USDT", "1h")
SEED = seed_id(BTC)
NEVER, OFTEN = 3600.0, 0.05
FIRST = datetime(2023, 10, 16, tzinfo=UTC)
NOW = datetime(2023, 12, 1, 12, 20, tzinfo=UTC)
"""Twenty minutes into an hour; the market has its past, and two weeks of its future to be let out bar by bar."""
QUICK = {"epochs": 2, "lstm_units": 4, "batch_size": 64, "learning_rate": 0.01}
_PUT = """
insert into marketdata.candles
select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::numeric[], $6::numeric[],
  $7::numeric[], $8::numeric[], $9::numeric[]) on conflict do nothing
"""


def made(count: int, *, memory: float = 0.0, seed: int = 1, step: int = 3600) -> Bars:
    """A market whose returns repeat a share of the one before; without memory it is pure chance."""
    chance, price, last = random.Random(seed), 100.0, 0.0
    closes, volumes = [], []
    for _ in range(count):
        last = memory * last + chance.gauss(0, 0.01)
        price *= exp(last)
        closes.append(price)
        volumes.append(1 + 10 * chance.random())
    return Bars(step, tuple(range(0, count * step, step)), tuple(closes), tuple(volumes))


@cache
def hours(symbol: str = "btcusdt") -> list[tuple[Any, ...]]:
    """The recorded five-minute bars as hours: rows of the market's table."""
    place = files("millrace.marketdata").joinpath("recorded", f"binance_{symbol}_5m.csv.gz")
    with gzip.open(str(place), "rt") as file:
        bars = [[Decimal(value) for value in row] for row in list(csv.reader(file))[1:]]
    grouped: dict[int, list[list[Decimal]]] = {}
    for bar in bars:
        grouped.setdefault(int(bar[0]) // 3_600_000, []).append(bar)
    pair = f"{symbol[:3].upper()}/USDT"
    return [
        (
            *("binance", pair, "1h", datetime.fromtimestamp(hour * 3600, UTC)),
            *(group[0][1], max(b[2] for b in group), min(b[3] for b in group), group[-1][4], sum(b[5] for b in group)),
        )
        for hour, group in sorted(grouped.items())
    ]


class House:
    """The two services, their clock, and users."""

    def __init__(self, stand: Stand, clock: ManualClock) -> None:
        self.stand = stand
        self.clock = clock
        self.user = Principal(UUID(int=1), "owner", "trader")
        self.other = Principal(UUID(int=2), "other", "trader")

    async def put(self, before: datetime, after: datetime = FIRST, symbol: str = "btcusdt") -> None:
        """The market stores the hours that opened in [`after`, `before`)."""
        rows = [row for row in hours(symbol) if after <= row[3] < before]
        await self.stand.host.running["marketdata"].database.fetch(_PUT, *(list(c) for c in zip(*rows, strict=True)))

    async def pass_hour(self) -> None:
        """An hour goes by; the bar that was under way closes."""
        self.clock.advance(3600)
        await self.put(self.clock.now() - timedelta(minutes=20))

    async def ask(
        self, method: str, path: str, user: Principal | None = None, json: Any = None, **query: Any
    ) -> Answer:
        """The ml service's answer."""
        return await self.stand.ask("ml", method, path, user or self.user, json=json, query=query)

    async def turn(self) -> None:
        """What happens every minute happens now."""
        [loop] = self.stand.host.running["ml"].service.loops
        await loop.args[1]()  # type: ignore[attr-defined]  # a partial of keep_house

    async def active(self, count: int = 1) -> None:
        """Until so many models have learned."""

        async def there() -> bool:
            return len(await self.models(is_active=True)) == count

        await self.stand.host.until(there, 90)

    def training(self, **asked: Any) -> dict[str, Any]:
        """A request for a quick training on November, changed as asked."""
        return {"start": "2023-11-01T00:00:00Z", "end": "2023-12-01T00:00:00Z", "hyperparameters": QUICK, **asked}

    async def train(self, ref: object = SEED, user: Principal | None = None, **asked: Any) -> Answer:
        """The answer to such a request."""
        return await self.ask("POST", f"/models/{ref}/train", user, self.training(**asked))

    async def over(self, training: str, user: Principal | None = None) -> Any:
        """The training, once it is over."""
        found: dict[str, Any] = {}

        async def ended() -> bool:
            found.update((await self.ask("GET", f"/trainings/{training}", user)).value())
            return found["status"] != "started"

        await self.stand.host.until(ended, 60)
        return found

    async def trained(self, ref: object = SEED, user: Principal | None = None, **asked: Any) -> Any:
        """The model that a training left."""
        training = await self.over((await self.train(ref, user, **asked)).value()["id"], user)
        assert training["status"] == "completed", training
        return (await self.ask("GET", f"/models/{training['new_model_id']}", user)).value()

    async def models(self, user: Principal | None = None, **query: Any) -> list[Any]:
        """The models a user sees."""
        items: list[Any] = (await self.ask("GET", "/models", user, **query)).value()["items"]
        return items

    async def said(self, user: Principal | None = None, **query: Any) -> Any:
        """Predictions a user sees."""
        return (await self.ask("GET", "/predictions", user, **query)).value()


NewHouse = Callable[..., Any]


@pytest.fixture
def new_house(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> NewHouse:
    """Starts the services; `turn` is how often models look for something to do, `until` how far the market goes."""

    async def start(turn: float = NEVER, until: datetime = NOW - timedelta(minutes=20), **settings: str) -> House:
        values = {"turn_seconds": str(turn), "symbols": "BTC/USDT", "epochs": "2", **settings}
        for name, value in values.items():
            monkeypatch.setenv(f"MILLRACE_ML_{name.upper()}", value)
        monkeypatch.setenv("MILLRACE_MARKETDATA_FEED", "none")
        monkeypatch.setenv("MILLRACE_MARKETDATA_TIMEFRAME", "1h")
        clock = ManualClock(NOW)
        house = House(await start_service("marketdata", "ml", clock=clock), clock)
        if until > FIRST:
            await house.put(until)
        return house

    return start


@pytest.fixture
async def house(new_house: NewHouse) -> House:
    """Models that do nothing by themselves."""
    found: House = await new_house()
    return found
