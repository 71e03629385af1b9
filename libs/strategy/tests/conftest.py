"""Markets for the tests: a seeded random walk, and the recorded bars where the project has them."""

import csv
import gzip
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from millrace.common.kernel.market import Candle

_START = datetime(2024, 1, 1, tzinfo=UTC)
_ROOT = Path(__file__).parents[3]
_RECORDED = sorted(p for p in (_ROOT / "services/marketdata").rglob("*5m*.csv.gz") if "btc" in p.name.lower())

settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")

Closes = Callable[[Iterable[object]], list[Candle]]
Walk = Callable[[int, int], list[Candle]]


def _candle(number: int, high: object, low: object, close: object) -> Candle:
    at = _START + number * timedelta(minutes=5)
    top, bottom, last = (Decimal(str(price)) for price in (high, low, close))
    return Candle("binance", "BTC/USDT", "5m", at, last, top, bottom, last, Decimal(1))


def _walk(seed: int, bars: int) -> list[Candle]:
    """Prices with two decimals around 30,000, calm and wild stretches, flat ones, and rare jumps."""
    chance = random.Random(seed)
    price, made = 30_000.0, []
    for number in range(bars):
        wildness = (0.0, 0.0002, 0.001, 0.004)[number // 97 % 4]
        jump = chance.choice((-0.05, 0.05)) if chance.random() < 0.002 else 0.0
        price = max(1.0, price * (1 + chance.gauss(0, wildness) + jump))
        reach = price * wildness * chance.random()
        made.append(_candle(number, *(round(p, 2) for p in (price + reach, price - reach, price))))
    return made


def _recorded(path: Path) -> list[Candle]:
    with gzip.open(path, "rt") as lines:
        return [_candle(n, r["high"], r["low"], r["close"]) for n, r in enumerate(csv.DictReader(lines))]


@pytest.fixture(scope="session")
def walk() -> Walk:
    """Candles of a random walk: `walk(seed, bars)`."""
    return _walk


@pytest.fixture(scope="session")
def closes() -> Closes:
    """Candles that only have closes: `closes([100, 101])`."""
    return lambda prices: [_candle(n, p, p, p) for n, p in enumerate(prices)]


@pytest.fixture(scope="session", params=["walk", *_RECORDED], ids=lambda source: getattr(source, "name", source))
def market(request: pytest.FixtureRequest) -> Sequence[Candle]:
    """At least 5,000 bars, from each source there is."""
    bars = _walk(7, 6_000) if request.param == "walk" else _recorded(request.param)
    assert len(bars) >= 5_000
    return bars
