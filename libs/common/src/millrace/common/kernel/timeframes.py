"""Candle intervals and the grid they stand on."""

from datetime import UTC, datetime, timedelta

from millrace.common.kernel.errors import Code, MillraceError

SECONDS = {
    "1s": 1,
    "5s": 5,
    "15s": 15,
    "1m": 60,
    "5m": 300,
    "15m": 900,
    "30m": 1_800,
    "1h": 3_600,
    "4h": 14_400,
    "6h": 21_600,
    "12h": 43_200,
    "1d": 86_400,
    "3d": 259_200,
    "1w": 604_800,
}
MADE = ("5s", "15s", "1m", "5m", "15m", "1h", "4h", "1d")
"""The larger intervals that markets make candles of as they trade, and tell; others are folded when they are read."""
_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_timeframe(text: str) -> str:
    """The interval's canonical name, or INVALID_TIMEFRAME. Case does not matter, except that `1M` means a month."""
    name = text.strip().lower()
    if name not in SECONDS or text.strip() == "1M":
        raise MillraceError(
            Code.INVALID_TIMEFRAME,
            f"{text[:20]!r} is not a timeframe; use one of {', '.join(SECONDS)}",
            details={"timeframe": text[:20], "supported": list(SECONDS)},
        )
    return name


def length(timeframe: str) -> timedelta:
    """How long one candle lasts."""
    return timedelta(seconds=SECONDS[timeframe])


def opening(moment: datetime, timeframe: str) -> datetime:
    """When the candle that holds `moment` opened. Weeks open on Monday 00:00 UTC, all else on the epoch's grid."""
    origin = _MONDAY if timeframe == "1w" else _EPOCH
    step = length(timeframe)
    return origin + (moment - origin) // step * step
