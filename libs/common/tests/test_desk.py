"""What a desk opens is closed with its test, whatever the test did with it."""

from collections.abc import Iterator

import pytest

from millrace.common.bus.memory import MemoryBus
from millrace.common.bus.port import Bus
from millrace.common.bus.postgres import PostgresBus
from millrace.common.testing.desk import NewDesk


@pytest.fixture
def left() -> Iterator[list[Bus]]:
    """Buses that must have stopped when the desks of the test are closed: made before them, ended after them."""
    buses: list[Bus] = []
    yield buses
    for bus in buses:
        assert isinstance(bus, PostgresBus)
        with pytest.raises(RuntimeError, match="not started"):
            _ = bus.pool


async def test_a_desk_that_was_given_another_bus_stops_both(left: list[Bus], new_desk: NewDesk) -> None:
    desk = await new_desk("postgres")
    left.append(desk.bus)
    desk.bus = MemoryBus()
    desk = await new_desk("memory", empty=False)
    desk.bus = other = PostgresBus(desk.url)
    await other.start()
    left.append(other)
