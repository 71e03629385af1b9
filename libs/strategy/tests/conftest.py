"""Markets for the tests: a seeded random walk, and the recorded bars where the project has them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from millrace.common.kernel.market import Candle

WALKED_BARS = 6_000
_START = datetime(2024, 1, 1, tzinfo=UTC)
_ROOT = Path(__file__).parents[3]
_RECORDED = (
    sorted(p for p in (_ROOT / "services/marketdata").rglob("*.csv.gz") if {"btc", "5m"} <= _words(p))
    if (_words := lambda path: set(path.name.lower().replace("-", "_").replace(".", "_").split("_")))
    else []
)


def candle(number: int, opening: Decimal, high: Decimal, low: Decimal, close: Decimal) -> Candle:
    at = _START + number * timedelta(minutes=5)
    return Candle("binance", "BTC/USDT", "5m", at, opening, high, low, close, Decimal(1))
