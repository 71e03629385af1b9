"""Which time a report is about."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args

from millrace.common.kernel.errors import Code, MillraceError
from millrace.portfolio.domain.performance import beginning

Period = Literal["24h", "1d", "7d", "30d", "90d", "1y", "all", "day", "week", "month"]
_DAYS = {"24h": 1, "1d": 1, "7d": 7, "30d": 30, "90d": 90, "1y": 365}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)
assert set(_DAYS) < set(get_args(Period))


@dataclass(frozen=True, slots=True)
class Window:
    """From `start`, excluded, to `end`; `grain` is how far apart its points are. Nothing is known after `now`."""

    name: str
    start: datetime
    end: datetime
    now: datetime

    @property
    def begins_with_the_first(self) -> bool:
        """Whether no start was asked for: then it is about all there is, from the first point that is known."""
        return self.start == _EPOCH

    @property
    def grain(self) -> timedelta:
        """Minutes for hours, hours for a season, days beyond."""
        length = self.end - self.start
        if length <= timedelta(days=2):
            return timedelta(minutes=5)
        return timedelta(hours=1) if length <= timedelta(days=92) else timedelta(days=1)


def window(period: Period, start: datetime | date | None, end: datetime | date | None, now: datetime) -> Window:
    """The last days before `now`, the calendar day, week or month that `now` is in, or what the caller gave.

    A date as the end includes that day. Raises INVALID_DATE_RANGE when the end is not after the start.
    """
    if start is None and end is None:
        return Window(period, _begun(period, now), now, now)
    until = now if end is None else _instant(end, timedelta(days=1))
    since = _EPOCH if start is None else _instant(start, timedelta())
    if until <= since:
        wrong, reason = ("end_date", "must be after start_date") if end else ("start_date", "must not be in the future")
        raise MillraceError(
            Code.INVALID_DATE_RANGE,
            f"{wrong} {reason}",
            fields={wrong: reason},
            details={"start_date": since.isoformat(), "end_date": until.isoformat()},
        )
    return Window("custom", since, until, now)


def _begun(period: Period, now: datetime) -> datetime:
    if period == "all":
        return _EPOCH
    if period in _DAYS:
        return now - timedelta(days=_DAYS[period])
    interval: Literal["day", "week", "month"] = "day" if period == "day" else "week" if period == "week" else "month"
    return datetime.combine(beginning(now.date(), interval), time(), UTC)


def _instant(value: datetime | date, added: timedelta) -> datetime:
    """In UTC; what would fall off either end of the calendar stays on it."""
    try:
        if not isinstance(value, datetime):
            return datetime.combine(value, time(), UTC) + added
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except OverflowError:
        return _EPOCH if value.year == 1 else _LAST
