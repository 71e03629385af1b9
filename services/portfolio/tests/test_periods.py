"""Which time a period means, at its edges."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.kernel.errors import Code, MillraceError
from millrace.portfolio.app.periods import Period, Window, window
from millrace.portfolio.domain.performance import beginning

NOW = datetime(2026, 3, 18, 9, 30, tzinfo=UTC)  # a Wednesday
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
instants = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("period", "start"),
    [
        ("24h", datetime(2026, 3, 17, 9, 30, tzinfo=UTC)),
        ("1d", datetime(2026, 3, 17, 9, 30, tzinfo=UTC)),
        ("7d", datetime(2026, 3, 11, 9, 30, tzinfo=UTC)),
        ("30d", datetime(2026, 2, 16, 9, 30, tzinfo=UTC)),
        ("90d", datetime(2025, 12, 18, 9, 30, tzinfo=UTC)),
        ("1y", datetime(2025, 3, 18, 9, 30, tzinfo=UTC)),
        ("day", datetime(2026, 3, 18, tzinfo=UTC)),
        ("week", datetime(2026, 3, 16, tzinfo=UTC)),
        ("month", datetime(2026, 3, 1, tzinfo=UTC)),
        ("all", EPOCH),
    ],
)
def test_a_period_ends_now_and_begins_where_its_name_says(period: Period, start: datetime) -> None:
    found = window(period, None, None, NOW)
    assert (found.name, found.start, found.end) == (period, start, NOW)


@given(instants, st.sampled_from(get_args(Period)))
def test_every_period_contains_its_end_and_is_no_longer_than_its_name(now: datetime, period: Period) -> None:
    found = window(period, None, None, now)
    assert found.start <= found.end == now
    longest = {"24h": 1, "1d": 1, "7d": 7, "30d": 30, "90d": 90, "1y": 365, "day": 1, "week": 7, "month": 31}
    assert period == "all" or found.end - found.start <= timedelta(days=longest[period])


@given(st.dates(date(1971, 1, 1), date(2100, 1, 1)))
def test_weeks_begin_on_mondays_and_months_on_firsts(day: date) -> None:
    week, month = beginning(day, "week"), beginning(day, "month")
    assert (week.weekday(), month.day) == (0, 1)
    assert timedelta() <= day - week < timedelta(days=7)
    assert (month.year, month.month) == (day.year, day.month)
    assert beginning(day, "day") == day


def test_a_date_at_the_end_includes_its_day_and_one_at_the_start_begins_with_it() -> None:
    found = window("7d", date(2026, 3, 1), date(2026, 3, 2), NOW)
    assert (found.name, found.start) == ("custom", datetime(2026, 3, 1, tzinfo=UTC))
    assert found.end == datetime(2026, 3, 3, tzinfo=UTC)
    one = window("7d", date(2026, 3, 1), date(2026, 3, 1), NOW)
    assert one.end - one.start == timedelta(days=1)


def test_with_one_end_given_the_other_is_now_or_the_beginning_of_all() -> None:
    assert window("7d", date(2026, 3, 1), None, NOW).end == NOW
    assert window("7d", None, date(2026, 3, 1), NOW).start == EPOCH


def test_instants_keep_their_zone_and_without_one_are_of_utc() -> None:
    naive = datetime(2026, 3, 1, 12)
    east = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    found = window("7d", east, naive, NOW)
    assert (found.start, found.end) == (
        datetime(2026, 3, 1, 10, tzinfo=UTC),
        datetime(2026, 3, 1, 12, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 3, 2), date(2026, 3, 1)),
        (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
        (NOW, None),
        (date(2026, 3, 19), None),
        (None, EPOCH),
    ],
)
def test_an_end_that_is_not_after_its_start_is_refused_with_both(start: Any, end: Any) -> None:
    with pytest.raises(MillraceError) as refused:
        window("7d", start, end, NOW)
    assert refused.value.code is Code.INVALID_DATE_RANGE
    assert set(refused.value.details or {}) == {"start_date", "end_date"}
    assert list(refused.value.fields) == ["end_date" if end else "start_date"]


@given(instants, st.timedeltas(timedelta(microseconds=1), timedelta(days=9000)))
def test_any_custom_time_is_kept_as_given(start: datetime, length: timedelta) -> None:
    found = window("all", start, start + length, NOW)
    assert (found.start, found.end) == (start, start + length)


@pytest.mark.parametrize(
    ("days", "grain"),
    [
        (timedelta(hours=1), timedelta(minutes=5)),
        (timedelta(days=2), timedelta(minutes=5)),
        (timedelta(days=2, microseconds=1), timedelta(hours=1)),
        (timedelta(days=92), timedelta(hours=1)),
        (timedelta(days=92, microseconds=1), timedelta(days=1)),
    ],
)
def test_points_are_as_far_apart_as_the_time_is_long(days: timedelta, grain: timedelta) -> None:
    start = datetime.combine(NOW.date(), time(), UTC)
    assert window("all", start, start + days, NOW).grain == grain


@pytest.mark.parametrize("end", [date.max, datetime.max, datetime.max.replace(tzinfo=UTC)])
def test_the_last_of_all_days_is_an_end_too(end: Any) -> None:
    found = window("all", None, end, NOW)
    assert isinstance(found, Window)
    assert found.end.year == 9999


def test_zones_at_the_ends_of_the_calendar_do_not_fall_off_it() -> None:
    first = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))
    last = datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))
    found = window("all", first, last, NOW)
    assert (found.start, found.end.year) == (EPOCH, 9999)
