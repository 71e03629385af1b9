"""Time is exact to the millisecond in both directions, and a manual clock moves only when told to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.kernel.clock import ManualClock, SeededRng, SystemClock, SystemRng, from_millis, to_millis
from millrace.common.runtime.clocks import MessageClock

MILLIS = st.integers(-(10**12), 253_402_300_799_999)


@given(MILLIS, st.integers(0, 999))
def test_milliseconds_are_converted_without_loss_and_rounded_down(millis: int, micros: int) -> None:
    assert to_millis(from_millis(millis)) == millis
    assert to_millis(from_millis(millis) + timedelta(microseconds=micros)) == millis


def test_a_moment_without_a_zone_is_a_mistake() -> None:
    with pytest.raises(TypeError):
        to_millis(datetime(2026, 1, 1))


def test_a_manual_clock_moves_both_of_its_hands() -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    clock.advance(1.5)
    assert clock.now() == datetime(2026, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)
    assert clock.monotonic() == 1.5


def test_the_clock_of_messages_never_goes_backwards() -> None:
    clock = MessageClock()
    later, earlier = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    clock.see(later)
    clock.see(earlier)
    assert clock.now() == later


def test_the_systems_clock_is_aware_and_its_stopwatch_only_grows() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    readings = [clock.monotonic() for _ in range(1000)]
    assert readings == sorted(readings)


def test_seeded_randomness_repeats_and_the_systems_does_not() -> None:
    assert SeededRng(7).bytes(16) == SeededRng(7).bytes(16)
    assert SeededRng(7).bytes(16) != SeededRng(8).bytes(16)
    assert SystemRng().bytes(16) != SystemRng().bytes(16)
