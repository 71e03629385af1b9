"""Items happen at the speed that was asked for."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from millrace.common.kernel.clock import ManualClock
from millrace.marketdata.app.pacing import market_time, pace
from millrace.marketdata.domain.tape import Item
from millrace.marketdata.domain.ticks import Tick

T0 = ManualClock().now()


def items(*seconds: float) -> Iterator[Item]:
    for second in seconds:
        yield Tick("binance", "BTC/USDT", Decimal(1), Decimal(1), T0 + timedelta(seconds=second))


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
    now = market_time(sleeper.clock, T0, speed)
    paced = pace(items(*seconds), now, speed, sleeper)
    return [round(sleeper.clock.monotonic(), 6) async for together in paced for _ in together]


async def test_items_come_when_they_are_due() -> None:
    assert await played(Sleeper(), 300, 0, 75, 300, 600) == [0, 0.25, 1, 2]


async def test_at_speed_one_the_market_has_the_clocks_own_time() -> None:
    sleeper = Sleeper()
    sleeper.clock.advance(2.5)
    assert await played(sleeper, 1, 0, 1, 2, 3) == [2.5, 2.5, 2.5, 3]


async def test_a_small_delay_is_made_up_for() -> None:
    assert await played(Sleeper(busy={1: 2.5}), 1, 0, 1, 2, 3) == [2.5, 2.5, 2.5, 3]


async def test_after_a_long_stop_nothing_is_poured_out() -> None:
    assert await played(Sleeper(busy={2: 3600}), 1, 0, 1, 2, 3, 4) == [0, 3601]


async def test_what_is_due_at_the_beginning_comes_at_once_however_old() -> None:
    sleeper = Sleeper()
    sleeper.clock.advance(40)
    assert await played(sleeper, 1, 0, 15, 30, 45) == [40, 40, 40, 45]


async def test_others_get_their_turn_even_when_everything_is_due() -> None:
    sleeper = Sleeper()
    await played(sleeper, 1, -2, -1, 0)
    assert sleeper.slept == [0, 0, 0]


async def test_what_happens_at_one_instant_comes_together() -> None:
    sleeper = Sleeper()
    paced = pace(items(0, 1, 1, 1, 2), market_time(sleeper.clock, T0, 1), 1, sleeper)
    assert [len(together) async for together in paced] == [1, 3, 1]
