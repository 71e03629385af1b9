"""Holes in stored candles."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.marketdata.domain.gaps import Gap, find_gaps

T0 = datetime(2024, 3, 4, tzinfo=UTC)


def at(*minutes: int) -> list[datetime]:
    return [T0 + timedelta(minutes=m) for m in minutes]


def test_a_hole_is_named_by_its_first_and_the_next_opening() -> None:
    first, after = at(10, 25)
    assert find_gaps(at(0, 5, 25, 30), "5m") == [Gap(first, after, 3)]


def test_no_candles_are_no_gap_unless_edges_are_given() -> None:
    assert find_gaps([], "5m") == []
    start, end = at(0, 15)
    assert find_gaps([], "5m", start=start, end=end) == [Gap(start, end, 3)]


def test_the_candle_still_forming_at_the_end_is_not_missing() -> None:
    start, end = at(0, 14)
    assert find_gaps(at(0, 5), "5m", start=start, end=end) == []


def test_candles_before_the_start_and_repeated_ones_do_not_count() -> None:
    start, end = at(7, 20)
    assert find_gaps(at(0, 5, 10, 10, 15), "5m", start=start, end=end) == []


def test_times_off_the_grid_or_going_back_are_refused() -> None:
    with pytest.raises(ValueError, match="no 5m candle opens"):
        find_gaps(at(0, 3), "5m")
    with pytest.raises(ValueError, match="go back"):
        find_gaps(at(0, 10, 5), "5m")


@given(st.sets(st.integers(0, 200)))
def test_gaps_and_candles_together_cover_everything_once(present: set[int]) -> None:
    start, end = at(0, 201 * 5)
    gaps = find_gaps(at(*(5 * n for n in sorted(present))), "5m", start=start, end=end)
    absent = [n for g in gaps for n in range(*(int((m - T0).total_seconds()) // 300 for m in (g.start, g.end)))]
    assert sorted([*absent, *present]) == list(range(201))
    assert sum(g.missing for g in gaps) == len(absent)
