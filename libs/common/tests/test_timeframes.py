"""Candles stand on a grid that is the same for everybody."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.timeframes import SECONDS, length, opening, parse_timeframe

MOMENTS = st.datetimes(datetime(1960, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
EVERY = st.sampled_from(sorted(SECONDS))


@given(MOMENTS, EVERY)
def test_each_moment_is_in_exactly_the_candle_that_opened_last(moment: datetime, timeframe: str) -> None:
    opened = opening(moment, timeframe)
    assert opened <= moment < opened + length(timeframe)
    assert opening(opened, timeframe) == opened
    assert opening(opened + length(timeframe), timeframe) == opened + length(timeframe)
    assert opening(opened + length(timeframe) - timedelta(microseconds=1), timeframe) == opened


@given(MOMENTS, st.integers(-14, 14))
def test_the_grid_does_not_depend_on_the_zone_a_moment_is_written_in(moment: datetime, hours: int) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(hours=hours)))
    assert opening(elsewhere, "1d") == opening(moment, "1d")


def test_days_open_at_midnight_and_weeks_on_monday() -> None:
    thursday = datetime(2026, 1, 1, 15, 42, tzinfo=UTC)
    assert opening(thursday, "1d") == datetime(2026, 1, 1, tzinfo=UTC)
    assert opening(thursday, "1w") == datetime(2025, 12, 29, tzinfo=UTC)
    assert opening(thursday, "1w").weekday() == 0
    assert opening(thursday, "4h") == datetime(2026, 1, 1, 12, tzinfo=UTC)


@given(EVERY)
def test_names_are_read_in_either_case(timeframe: str) -> None:
    assert parse_timeframe(f" {timeframe} ") == timeframe
    if timeframe != "1m":
        assert parse_timeframe(timeframe.upper()) == timeframe


@pytest.mark.parametrize("text", ["", "1", "m", "2m", "1y", "60", "1 m", "-1m", "1M", "1m;", "x" * 1000, "１m"])
def test_an_unknown_interval_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(MillraceError) as refused:
        parse_timeframe(text)
    assert refused.value.code is Code.INVALID_TIMEFRAME
    assert refused.value.details["supported"] == list(SECONDS)
    assert len(refused.value.message) < 200
