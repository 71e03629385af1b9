"""The market that comes with the platform is what its provenance says, and is sound."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import instrument
from millrace.marketdata.adapters.book_files import read_book
from millrace.marketdata.adapters.candle_files import recorded, recorded_file
from millrace.marketdata.adapters.trade_files import read_trades
from millrace.marketdata.domain.candles import CandleBuilder
from millrace.marketdata.domain.gaps import find_gaps
from millrace.marketdata.domain.orderbook import BookSnapshot, OrderBook

FOLDER = files("millrace.marketdata").joinpath("recorded")
NOTED = dict(re.findall(r"^\| `(\S+)` \|.*`([0-9a-f]{64})` \|$", FOLDER.joinpath("PROVENANCE.md").read_text(), re.M))
MARKET = ("binance", "BTC/USDT")


def test_every_file_has_a_provenance_and_nothing_else_lies_there() -> None:
    assert {f.name for f in FOLDER.iterdir()} == {*NOTED, "PROVENANCE.md"}
    assert len(NOTED) == 4


@pytest.mark.parametrize("name", NOTED)
def test_a_file_is_the_one_that_was_noted(name: str) -> None:
    assert hashlib.sha256(FOLDER.joinpath(name).read_bytes()).hexdigest() == NOTED[name]


def test_the_notice_of_the_licence_is_there() -> None:
    text = " ".join(FOLDER.joinpath("PROVENANCE.md").read_text().split())
    assert "Copyright (c) 2025 NASOSv5_mod3 Bot" in text
    assert "Copyright (c) 2022 nkaz001" in text
    assert "The above copyright notice and this permission notice shall be included" in text


@pytest.mark.parametrize("symbol", ["BTC/USDT", "ETH/USDT"])
def test_sixty_days_of_bars_without_a_hole(symbol: str) -> None:
    bars = recorded("binance", symbol)
    start = datetime(2023, 10, 16, tzinfo=UTC)
    assert len(bars) == 60 * 288
    assert find_gaps((b.opened_at for b in bars), "5m", start=start, end=start + timedelta(days=60)) == []
    assert all(b.volume > 0 for b in bars)
    market = instrument("binance", symbol)
    for bar in bars:
        assert all(price % market.tick_size == 0 for price in (bar.open, bar.high, bar.low, bar.close))
        assert bar.volume % market.step_size == 0


def test_six_minutes_of_trades_without_a_missing_one() -> None:
    trades = list(read_trades(recorded_file(*MARKET, "trades.csv.gz"), *MARKET))
    ids = [int(t.trade_id) for t in trades]
    assert ids == list(range(3735683259, 3735683259 + 9757))
    assert [t.at for t in trades] == sorted(t.at for t in trades)
    builder = CandleBuilder(*MARKET, "1m")
    minutes = [c for t in trades for c in builder.add(t)]
    assert [c.opened_at.minute for c in minutes] == [54, 55, 56, 57, 58, 59]
    assert all(61_000 < c.low <= c.high < 62_500 for c in minutes)


def test_the_recorded_book_is_whole_and_shows_the_best_prices_the_exchange_named() -> None:
    import gzip
    import json

    path = recorded_file(*MARKET, "book.jsonl.gz")
    with gzip.open(path, "rt") as file:
        messages = [json.loads(line)["msg"] for line in file]
    best = {
        m["data"]["u"]: tuple(map(float, (m["data"][k] for k in "bBaA")))
        for m in messages
        if m.get("stream", "").endswith("bookTicker")
    }
    book, compared, snapshots = OrderBook(*MARKET), 0, 0
    for item in read_book(path, *MARKET):
        snapshots += isinstance(item, BookSnapshot)
        if not book.take(item):
            continue
        assert not book.crossed
        named = best.get(book.last_update_id)
        if named is not None:
            top = book.top(1)
            assert named == tuple(map(float, (*top.bids[0], *top.asks[0])))
            compared += 1
    assert (compared, snapshots) == (564, 1)
    assert tuple(map(float, (book.top(1).bids[0][0], book.top(1).asks[0][0]))) == (61685.99, 61686.0)


def test_a_market_that_was_not_recorded_is_refused() -> None:
    with pytest.raises(MillraceError) as refused:
        recorded("luno", "BTC/ZAR")
    assert refused.value.code is Code.INVALID_SYMBOL
