"""Made-up markets: repeatable, on the exchange's grid, and lively."""

import hashlib
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice

import pytest

from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.instruments import instrument
from millrace.common.kernel.market import Candle
from millrace.marketdata.adapters.synthetic import synthetic_bars, synthetic_tape, told_with_books
from millrace.marketdata.domain.cycle import Cycle
from millrace.marketdata.domain.orderbook import BookSnapshot
from millrace.marketdata.domain.ticks import Tick

T0 = datetime(2024, 3, 1, tzinfo=UTC)
DIGEST = "8ed270bbfb291d378e5ed4d5ddb922f521006a3005da2b5e59f98d93ec4acfec"


def bars(seed: int, count: int = 500, symbol: str = "BTC/USDT", exchange: str = "binance") -> list[Candle]:
    return list(islice(synthetic_bars(exchange, symbol, "1m", T0, seed), count))


def digest(candles: list[Candle]) -> str:
    return hashlib.sha256("\n".join(map(str, candles)).encode()).hexdigest()


def test_a_seed_gives_the_same_market_in_every_process() -> None:
    program = (
        "import hashlib; from datetime import *; from itertools import islice;"
        "from millrace.marketdata.adapters.synthetic import synthetic_bars;"
        "bars = islice(synthetic_bars('binance', 'BTC/USDT', '1m', datetime(2024, 3, 1, tzinfo=UTC), 7), 500);"
        "print(hashlib.sha256('\\n'.join(map(str, bars)).encode()).hexdigest())"
    )
    other = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "99"}
    )
    assert other.stdout.strip() == digest(bars(7)) == DIGEST


def test_another_seed_or_symbol_gives_another_market() -> None:
    assert digest(bars(1)) != digest(bars(2))
    moves = {name: [c.close > c.open for c in bars(1, 60, name)] for name in ("BTC/USDT", "ETH/USDT")}
    assert moves["BTC/USDT"] != moves["ETH/USDT"]


@pytest.mark.parametrize(("exchange", "symbol"), [("binance", "ETH/USDT"), ("luno", "BTC/ZAR")])
def test_prices_and_volumes_stand_on_the_exchange_grid(exchange: str, symbol: str) -> None:
    market = instrument(exchange, symbol)
    for bar in bars(3, 300, symbol, exchange):
        assert all(price % market.tick_size == 0 for price in (bar.open, bar.high, bar.low, bar.close))
        assert bar.volume % market.step_size == 0
        assert bar.volume > 0
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high


def test_there_are_calm_and_wild_times_and_the_price_stays_in_reach() -> None:
    market = bars(5, 5000)
    days = [market[n : n + 250] for n in range(0, 5000, 250)]
    spreads = sorted(max(c.high for c in day) / min(c.low for c in day) for day in days)
    assert spreads[-1] - 1 > 4 * (spreads[0] - 1)
    assert all(Decimal(5_000) <= c.low <= c.high <= Decimal(320_000) for c in market)


def test_the_played_market_tells_a_sound_book_with_every_trade() -> None:
    tape = synthetic_tape("binance", ["BTC/USDT", "ETH/USDT"], "1s", 1, 10)
    told = list(islice(told_with_books(5)(Cycle(tape, "1s", T0), T0), 200))
    books = [item for item in told if isinstance(item, BookSnapshot)]
    ticks = [item for item in told if isinstance(item, Tick)]
    assert len(books) == len(ticks) > 80
    for tick, book in zip(ticks, books, strict=True):
        market = instrument("binance", book.symbol)
        assert book.bids[0][0] < tick.price < book.asks[0][0]
        assert (len(book.bids), len(book.asks)) == (5, 5)
        assert [p for p, _ in book.bids] == sorted((p for p, _ in book.bids), reverse=True)
        assert all(q > 0 and q % market.step_size == 0 and p % market.tick_size == 0 for p, q in book.bids + book.asks)
    ids = [book.last_update_id for book in books if book.symbol == "BTC/USDT"]
    assert ids == sorted(set(ids))


def test_a_tape_has_the_wanted_length_for_every_symbol() -> None:
    tape = synthetic_tape("binance", ["BTC/USDT", "ETH/USDT"], "5m", 1, 10)
    assert {name: len(rows) for name, rows in tape.items()} == {"BTC/USDT": 10, "ETH/USDT": 10}
    assert tape == synthetic_tape("binance", ["BTC/USDT", "ETH/USDT"], "5m", 1, 10)
    with pytest.raises(MillraceError):
        synthetic_tape("binance", ["DOGE/MOON"], "5m", 1, 10)
