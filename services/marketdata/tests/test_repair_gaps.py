"""Missing candles are found, counted and fetched again; what was late or silent is not mistaken for it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from millrace.common.db.outbox import TableOutbox
from millrace.common.db.work import Works
from millrace.common.events.market import CandleClosed
from millrace.common.jobs.queue import Jobs
from millrace.common.jobs.worker import Worker
from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.market import Candle
from millrace.common.telemetry import metrics
from millrace.common.testing.service import Stand
from millrace.marketdata.adapters.postgres import PostgresCandles
from millrace.marketdata.app.feeds import SourceDown
from millrace.marketdata.app.gaps import JOB, Gaps
from millrace.marketdata.app.intake import Intake
from millrace.marketdata.app.publisher import Publisher
from millrace.marketdata.domain.tape import Heard, Item
from millrace.marketdata.domain.ticks import Tick

T0 = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BTC = ("binance", "BTC/USDT")
ROWS = "select opened_at, close, volume from candles where symbol = 'BTC/USDT' and timeframe = $1 order by opened_at"


def counted() -> float:
    return metrics.REGISTRY.get_sample_value("millrace_marketdata_gaps_total", {"exchange": "binance"}) or 0.0


def late() -> float:
    return metrics.REGISTRY.get_sample_value("millrace_marketdata_late_ticks_total", {"exchange": "binance"}) or 0.0


async def test_a_hole_in_what_is_stored_is_found_at_start_and_filled_as_it_was(
    market: Callable[..., Any], again: Callable[..., Any]
) -> None:
    stand = await market(feed="recorded", history_bars=300, clock=ManualClock(T0))
    before = await stand.rows("marketdata", ROWS, "1s")
    minutes = await stand.rows("marketdata", ROWS, "1m")
    seen = counted()
    hole = "opened_at >= '2026-03-02 11:57:10+00' and opened_at < '2026-03-02 11:57:40+00'"
    larger = "timeframe = '1m' and opened_at = '2026-03-02 11:57:00+00'"
    other = await again(stand, ManualClock(T0), f"delete from marketdata.candles where {hole} or {larger}")
    assert (await other.rows("marketdata", ROWS, "1s"))[: len(before)] == before
    assert (await other.rows("marketdata", ROWS, "1m"))[: len(minutes)] == minutes
    assert counted() == seen + 60
    assert (await other.ask("marketdata", "GET", "/feed")).value()["missing_candles"] == 0


class Story:
    """A feed that tells what a test says. `known` is its history; while `down` it does not answer for it."""

    name, exchange, symbols = "story", "binance", ("BTC/USDT",)
    connected, stale, reconnects = True, False, 0

    def __init__(self, *, closes: bool) -> None:
        self.closes = closes
        self.known: list[Candle] = []
        self.down = False
        self.asked = 0

    async def prepare(self, start: datetime) -> None:
        """Nothing to find."""

    async def items(self, start: datetime) -> AsyncIterator[Item]:
        return
        yield

    async def history(self, symbol: str, timeframe: str, start: datetime, end: datetime) -> Sequence[Candle]:
        self.asked += 1
        if self.down:
            raise SourceDown("nobody is there")
        return [candle for candle in self.known if start <= candle.opened_at < end]

    async def close(self) -> None:
        """Nothing is open."""


class Listening:
    """The service's way from feed to topics, with a story for a feed and tables of the real service."""

    def __init__(self, stand: Stand, *, closes: bool) -> None:
        running = stand.host.running["marketdata"]
        assert running.relay is not None
        self.stand, self.story = stand, Story(closes=closes)
        clock = ManualClock(T0)
        works = Works(running.database, TableOutbox(running.relay.wake), clock)
        candles, jobs = PostgresCandles(running.database), Jobs((JOB,))
        gaps = Gaps(self.story, candles, jobs, "1m")
        self.worker = Worker("marketdata", works, jobs, {JOB: gaps.repair}, beat=0.05, backoff=0.05)
        self.intake = Intake(self.story, works, candles, Publisher(stand.bus), gaps, clock, "1m", history=0, depth=5)

    async def tell(self, *items: Item) -> None:
        for item in items:
            await self.intake.take([item])

    async def stored(self, timeframe: str = "1m") -> list[tuple[int, int, int]]:
        """Minute, close and volume of each stored candle."""
        rows = await self.stand.rows("marketdata", ROWS, timeframe)
        return [((r["opened_at"] - T0) // timedelta(minutes=1), int(r["close"]), int(r["volume"])) for r in rows]

    async def announced(self, timeframe: str = "1m") -> list[int]:
        await self.stand.rest()
        said = (e for e in self.stand.said(CandleClosed) if e.timeframe == timeframe)
        return [(e.opened_at - T0) // timedelta(minutes=1) for e in said]


Listen = Callable[..., Any]


@pytest.fixture
def listening(market: Callable[..., Any]) -> Listen:
    async def start(*, closes: bool) -> Listening:
        made = Listening(await market(feed="none"), closes=closes)
        await made.intake.prepare()
        return made

    return start


def tick(second: float, price: int, number: int = 0) -> Tick:
    return Tick(*BTC, Decimal(price), Decimal(1), T0 + timedelta(seconds=second), str(number) if number else "")


def minute(number: int, close: int = 100, volume: int = 5) -> Candle:
    opened_at = T0 + timedelta(minutes=number)
    return Candle(*BTC, "1m", opened_at, *[Decimal(close)] * 4, Decimal(volume))


def heard(second: float, *, missed: bool = False) -> Heard:
    return Heard(*BTC, T0 + timedelta(seconds=second), missed)


async def repaired(made: Listening) -> None:
    task = asyncio.ensure_future(made.worker.run())

    async def over() -> bool:
        left = await made.stand.rows("marketdata", "select 1 from jobs where state in ('pending', 'running')")
        return not left

    await made.stand.host.until(over)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_gap_while_running_is_counted_and_repaired_and_not_announced(listening: Listen) -> None:
    made, before = await listening(closes=True), counted()
    await made.tell(minute(0, 100), minute(1, 101), minute(4, 104))
    assert counted() == before + 2
    assert made.intake.missing == 2
    made.story.known = [minute(2, 102), minute(3, 103), minute(4, 999)]
    await repaired(made)
    assert await made.stored() == [(n, 100 + n, 5) for n in range(5)]
    assert await made.stored("5m") == [(0, 104, 25)]
    assert await made.announced() == [0, 1, 4]
    assert made.intake.missing == 0


async def test_a_larger_candle_that_ends_after_the_repair_is_whole_and_announced(listening: Listen) -> None:
    made = await listening(closes=True)
    await made.tell(minute(0), minute(2))
    made.story.known = [minute(1)]
    await repaired(made)
    await made.tell(minute(3), minute(4))
    assert await made.stored("5m") == [(0, 100, 25)]
    assert await made.announced("5m") == [0]


async def test_a_source_that_is_down_is_asked_again_until_it_answers(listening: Listen) -> None:
    made = await listening(closes=True)
    made.story.down = True
    await made.tell(minute(0), minute(2))
    made.story.known = [minute(1)]

    async def up() -> bool:
        made.story.down = made.story.asked < 3
        return not made.story.down

    task = asyncio.ensure_future(made.worker.run())
    await made.stand.host.until(up)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await repaired(made)
    assert [number for number, _, _ in await made.stored()] == [0, 1, 2]


async def test_what_the_source_does_not_know_stays_missing_and_the_larger_candle_has_the_rest(
    listening: Listen,
) -> None:
    made = await listening(closes=True)
    await made.tell(minute(0), minute(2), minute(3), minute(4))
    assert await made.stored("5m") == []
    await repaired(made)
    assert [number for number, _, _ in await made.stored()] == [0, 2, 3, 4]
    assert await made.stored("5m") == [(0, 100, 20)]
    assert made.intake.missing == 0


async def test_silence_is_a_flat_candle_and_a_loss_is_a_gap(listening: Listen) -> None:
    made, before = await listening(closes=False), counted()
    await made.tell(tick(10, 100), heard(150), tick(190, 103), heard(250, missed=True), tick(310, 105), heard(360))
    assert await made.stored() == [(0, 100, 1), (1, 100, 0), (2, 100, 0), (5, 105, 1)]
    assert counted() == before + 2


async def test_a_trade_that_comes_after_its_candle_closed_is_counted_and_changes_nothing(listening: Listen) -> None:
    made, before = await listening(closes=False), late()
    await made.tell(tick(10, 100, 1), tick(61, 101, 3), tick(59, 999, 2), heard(120))
    assert await made.stored() == [(0, 100, 1), (1, 101, 1)]
    assert late() == before + 1
    assert made.intake.lines["BTC/USDT"].tick == tick(61, 101, 3)


async def test_a_candle_that_is_told_twice_is_announced_once(listening: Listen) -> None:
    made = await listening(closes=True)
    await made.tell(minute(0), minute(0, 999), minute(1))
    assert await made.stored() == [(0, 100, 5), (1, 100, 5)]
    assert await made.announced() == [0, 1]


async def test_ten_thousand_ticks_a_second_make_the_candles_they_should(listening: Listen) -> None:
    made = await listening(closes=False)
    ticks = [tick(n / 10_000, 100 + n % 7, n + 1) for n in range(10_000)]
    await made.tell(*ticks, *[tick(60 + n / 10_000, 50, 20_000 + n) for n in range(10_000)], heard(120))
    assert [volume for _, _, volume in await made.stored()] == [10_000, 10_000]


async def test_a_larger_candle_of_which_the_beginning_was_never_there_is_not_made(listening: Listen) -> None:
    made = await listening(closes=True)
    made.intake.lines["BTC/USDT"].expected = T0 + timedelta(minutes=2)
    await made.tell(*(minute(number) for number in range(2, 10)))
    assert await made.stored("5m") == [(5, 100, 25)]
    assert await made.announced("5m") == [5]
