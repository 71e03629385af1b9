"""Markets that are derived from the played one: the other exchanges, and luno in rand."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.auth.principal import Principal
from millrace.common.bus.memory import MemoryBus
from millrace.common.events.envelope import Envelope
from millrace.common.events.market import BookSeen, CandleClosed, CandleForming, PriceSeen
from millrace.common.events.message import decode
from millrace.common.events.users import UserRegistered
from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.instruments import INSTRUMENTS, instrument
from millrace.common.kernel.market import Candle
from millrace.common.testing.service import Stand, StartService
from millrace.marketdata.domain.derived import Derived, derived_markets, simulated_book
from millrace.marketdata.domain.platforms import PLATFORMS
from millrace.marketdata.domain.ticks import Tick

T0 = datetime(2026, 3, 4, 12, 34, 56, tzinfo=UTC)
RATE = Decimal("17.5")
RAND = Derived(instrument("luno", "BTC/ZAR"), "binance", "BTC/USDT", RATE)
PRICES = ("open", "high", "low", "close")


def test_every_listed_market_of_another_exchange_is_derived() -> None:
    found = list(derived_markets("binance", ("BTC/USDT", "ETH/USDT"), RATE))
    assert {one.place for one in found} == {place for place in INSTRUMENTS if place[0] != "binance"}
    assert {one.instrument.exchange for one in found} == PLATFORMS.keys() - {"binance"}
    assert {one.rate for one in found if one.instrument.quote == "ZAR"} == {RATE}
    assert {one.rate for one in found if one.instrument.quote == "USDT"} == {1}
    assert next(one.place for one in derived_markets("binance", ("ETH/USDT",), RATE)) == ("luno", "ETH/ZAR")
    assert list(derived_markets("luno", ("BTC/ZAR",), RATE)) == []


@given(
    st.decimals("0.01", "1000000", places=2),
    st.decimals("0.01", "1000000", places=2),
    st.decimals("0.01", 99, places=2),
)
def test_prices_keep_their_order_and_stand_on_their_own_grid(a: Decimal, b: Decimal, rate: Decimal) -> None:
    made = Derived(instrument("luno", "BTC/ZAR"), "binance", "BTC/USDT", rate)
    low, high = sorted((a, b))
    assert 1 <= made.price(low) <= made.price(high)
    assert made.price(a) % made.instrument.tick_size == 0
    assert made.price(a) == 1 or abs(made.price(a) - a * rate) <= made.instrument.tick_size / 2


def test_a_candle_is_the_same_in_another_currency() -> None:
    bar = Candle(
        "binance", "BTC/USDT", "1m", T0, *map(Decimal, ("40000", "41000", "39000", "40500", "2")), Decimal(80_000), 9
    )
    made = RAND.candle(bar)
    assert (made.exchange, made.symbol, made.opened_at) == ("luno", "BTC/ZAR", T0)
    assert [getattr(made, name) for name in PRICES] == [getattr(bar, name) * RATE for name in PRICES]
    assert (made.volume, made.quote_volume, made.trades) == (2, 1_400_000, 9)


@given(st.integers(1, 10**9), st.integers(1, 1000), st.sampled_from(sorted(INSTRUMENTS)))
def test_a_made_up_book_is_sound_and_the_same_for_the_same_trade(
    cents: int, depth: int, place: tuple[str, str]
) -> None:
    market = instrument(*place)
    tick = Tick(*place, cents * market.tick_size, Decimal(1), T0, "")
    book = simulated_book(market, tick, depth)
    assert book == simulated_book(market, tick, depth)
    assert [p for p, _ in book.asks] == sorted({p for p, _ in book.asks})
    assert [p for p, _ in book.bids] == sorted({p for p, _ in book.bids}, reverse=True)
    assert all(p > tick.price for p, _ in book.asks)
    assert all(0 < p < tick.price for p, _ in book.bids)
    assert all(q > 0 and q % market.step_size == 0 and p % market.tick_size == 0 for p, q in book.bids + book.asks)
    assert len(book.asks) == depth


@pytest.mark.parametrize("one", list(derived_markets("binance", ("BTC/USDT", "ETH/USDT"), RATE)))
def test_a_derived_book_is_as_deep_as_that_of_its_source_however_small_its_steps_are(one: Derived) -> None:
    tick = Tick(*one.place, Decimal(40_000), Decimal(1), T0, "")
    here, there = (
        simulated_book(market, tick, 20).asks for market in (one.quoted, instrument(one.exchange, one.symbol))
    )
    assert sum(quantity for _, quantity in here) >= sum(quantity for _, quantity in there)
    assert all(quantity % one.instrument.step_size == 0 for _, quantity in here)


async def ask(stand: Stand, path: str, **query: Any) -> Any:
    return (await stand.ask("marketdata", "GET", path, query=query)).value()


@pytest.mark.parametrize("feed", ["recorded", "synthetic"])
async def test_every_listed_symbol_has_candles_a_ticker_and_a_book(market: Callable[..., Any], feed: str) -> None:
    stand = await market(feed=feed, history_bars=90)

    async def priced() -> bool:
        feed = await ask(stand, "/feed")
        return all(row["last_at"] for row in feed["symbols"])

    await stand.host.until(priced, 60)
    rows = (await ask(stand, "/symbols"))["items"]
    assert len(rows) == 10
    for row in rows:
        where = {"exchange": row["exchange"], "symbol": row["symbol"].replace("/", "")}
        ticker = await ask(stand, "/ticker", **where)
        assert (ticker["exchange"], ticker["symbol"]) == (row["exchange"], row["symbol"])
        assert Decimal(ticker["price"]) % Decimal(row["tick_size"]) == 0
        assert Decimal(ticker["volume_24h"]) > 0
        book = await ask(stand, "/book", **where, limit=7)
        assert (len(book["bids"]), len(book["asks"])) == (7, 7)
        assert Decimal(book["bids"][0][0]) < Decimal(book["asks"][0][0])
        assert book["simulated"] is (feed == "recorded" or row["derived_from"] is not None)
        later = await ask(stand, "/book", **where)
        assert later["last_update_id"] >= book["last_update_id"]
        assert len((await ask(stand, "/candles", **where, timeframe="1h", limit=30))["items"]) == 30


async def test_rand_prices_are_the_dollar_prices_at_the_set_rate(market: Callable[..., Any]) -> None:
    stand = await market(clock=ManualClock(T0), feed="recorded", history_bars=90, usdt_zar="18.25")
    dollar, rand = [await ask(stand, "/ticker", symbol=symbol) for symbol in ("BTCUSDT", "BTCZAR")]
    assert rand["exchange"] == "luno"
    assert abs(Decimal(rand["price"]) - Decimal(dollar["price"]) * Decimal("18.25")) <= Decimal("0.5")
    assert (rand["volume_24h"], rand["at"]) == (dollar["volume_24h"], dollar["at"])
    dollars, rands = [
        (await ask(stand, "/candles", symbol=symbol, timeframe="1d", limit=50))["items"]
        for symbol in ("ETHUSDT", "ETHZAR")
    ]
    for one, other in zip(dollars, rands, strict=True):
        for name in PRICES:
            assert abs(Decimal(one[name]) * Decimal("18.25") - Decimal(other[name])) <= Decimal("0.5")
        assert Decimal(other["quote_volume"]) == Decimal(one["quote_volume"]) * Decimal("18.25")
        assert (one["volume"], one["trades_count"]) == (other["volume"], other["trades_count"])


async def test_luno_is_told_from_a_minute_on_and_twice_a_second_at_most(market: Callable[..., Any]) -> None:
    stand = await market(feed="recorded", history_bars=10, bars_per_second=100)
    heard: list[Any] = []
    for topic in ("market.ticks.v1", "market.books.v1"):
        stand.bus.listen(topic, lambda _, envelope: heard.append(decode(envelope).event))

    async def told() -> bool:
        while records := await stand._ear.poll(500, 0):
            stand.messages += [decode(r.envelope) for r in records if isinstance(r.envelope, Envelope)]
        minutes = {(e.exchange, e.symbol) for e in stand.said(CandleClosed) if e.timeframe == "1m"}
        return minutes == INSTRUMENTS.keys()

    await stand.host.until(told, 60)
    closed = [event for event in stand.said(CandleClosed) if event.exchange == "luno"]
    assert {event.timeframe for event in closed} >= {"1m"}
    assert not {event.timeframe for event in closed} & {"1s", "5s", "15s"}
    small = [event for event in stand.said(CandleClosed) if event.timeframe == "1s"]
    assert len(closed) < len(small) / 10
    stored = await stand.rows("marketdata", "select distinct exchange from candles")
    assert [row["exchange"] for row in stored] == ["binance"]
    minute = next(e for e in closed if e.timeframe == "1m" and e.symbol == "BTC/ZAR")
    (source,) = [
        e
        for e in stand.said(CandleClosed)
        if (e.exchange, e.symbol, e.timeframe, e.opened_at) == ("binance", "BTC/USDT", "1m", minute.opened_at)
    ]
    assert minute.candle == RAND.candle(source.candle)
    luno = [event for event in heard if event.exchange == "luno"]
    assert {type(event) for event in luno} == {PriceSeen, CandleForming, BookSeen}
    assert {event.timeframe for event in luno if isinstance(event, CandleForming)} == {"1m"}
    assert len(luno) < len([event for event in heard if event.exchange == "binance"]) / 3


REGISTERED = UserRegistered(user_id=UUID(int=7), username="thandi", role="trader", origin="test")
ME = Principal(UUID(int=7), "thandi", "trader")
ORDER = {"exchange": "luno", "symbol": "BTCZAR", "side": "buy", "quantity": "0.01"}


async def test_paper_orders_on_luno_fill_at_once_or_rest(
    market: Callable[..., Any], start_service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_EXECUTION_SECOND_EXCHANGE", "luno")
    monkeypatch.setenv("MILLRACE_MARKETDATA_FEED", "recorded")
    monkeypatch.setenv("MILLRACE_MARKETDATA_HISTORY_BARS", "10")
    stand = await start_service("marketdata", "execution", "risk", "portfolio", "bots")
    assert isinstance(stand.bus, MemoryBus)
    await stand.hear(REGISTERED)

    async def quoted() -> bool:
        found = (await stand.ask("execution", "GET", "/accounts", ME)).value()["items"]
        markets = {row["exchange"]: row["ws_status"]["markets"] for row in found}
        return markets == {"binance": 2, "luno": 2}

    await stand.host.until(quoted, 60)
    price = Decimal((await ask(stand, "/ticker", symbol="BTCZAR"))["price"])

    async def placed(**terms: str) -> str:
        answer = await stand.ask("execution", "POST", "/orders", ME, json={**ORDER, **terms})
        assert answer.status == 201, answer.body
        return str(answer.value()["order_id"])

    async def state(order: str) -> str:
        return str((await stand.ask("execution", "GET", f"/orders/{order}", ME)).value()["state"])

    async def all_filled() -> bool:
        return {await state(order) for order in through} == {"filled"}

    high, low = (str((price * factor).to_integral_value()) for factor in (Decimal("1.1"), Decimal("0.95")))
    through = [await placed(order_type="market"), await placed(order_type="limit", price=high)]
    resting = await placed(order_type="limit", price=low)
    await stand.host.until(all_filled, 20)
    await stand.host.until(lambda: _is(state, resting, "open"), 20)
    fills = await stand.rows("execution", "select * from fills")
    assert {fill["fee_currency"] for fill in fills} == {"ZAR"}
    assert all(abs(fill["price"] - price) / price < Decimal("0.05") for fill in fills)


async def _is(state: Callable[[str], Any], order: str, wanted: str) -> bool:
    return bool(await state(order) == wanted)
