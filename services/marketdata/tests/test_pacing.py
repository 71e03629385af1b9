"""The tape runs at the speed that was asked for."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from millrace.common.kernel.clock import ManualClock
from millrace.marketdata.app.pacing import pace, speed_of
from millrace.marketdata.domain.tape import Due
from millrace.marketdata.domain.ticks import Tick

T0 = datetime(2024, 3, 1, tzinfo=UTC)


def tape(*seconds: float) -> Iterator[Due]:
    for second in seconds:
        after = timedelta(seconds=second)
        yield Due(after, Tick("binance", "BTC/USDT", Decimal(1), Decimal(1), T0 + after))


class Sleeper:
    """A machine whose time passes only by sleeping, or by work that `busy` puts before the n-th sleep."""

    def __init__(self, busy: dict[int, float] | None = None) -> None:
        self.clock = ManualClock()
        self.slept: list[float] = []
        self._busy = busy or {}

    async def __call__(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.clock.advance(seconds + self._busy.get(len(self.slept), 0.0))


async def played(sleeper: Sleeper, speed: float, *seconds: float) -> list[float]:
    """When each item came, in seconds of the machine's clock."""
    return [round(sleeper.clock.monotonic(), 6) async for _ in pace(tape(*seconds), speed, sleeper.clock, sleeper)]


async def test_items_come_when_they_are_due() -> None:
    assert await played(Sleeper(), 300, 0, 75, 300, 600) == [0, 0.25, 1, 2]


async def test_five_minute_bars_at_one_a_second_are_three_hundred_times_as_fast() -> None:
    assert speed_of(1, "5m") == 300
    assert speed_of(20, "1s") == 20


async def test_a_small_delay_is_made_up_for() -> None:
    assert await played(Sleeper(busy={1: 2.5}), 1, 0, 1, 2, 3) == [2.5, 2.5, 2.5, 3]


async def test_after_a_long_stop_the_tape_goes_on_and_pours_nothing_out() -> None:
    sleeper = Sleeper(busy={2: 3600})
    assert await played(sleeper, 1, 0, 1, 2, 3, 4) == [0, 3601, 3601, 3602, 3603]


async def test_others_get_their_turn_even_when_everything_is_due() -> None:
    sleeper = Sleeper()
    await played(sleeper, 1, 0, 0, 0)
    assert sleeper.slept == [0, 0, 0]
