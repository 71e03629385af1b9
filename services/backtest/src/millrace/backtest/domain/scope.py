"""Which part of the market a backtest looks at, and whether that makes sense."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from millrace.common.kernel import timeframes
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import Instrument, instrument


@dataclass(frozen=True, slots=True)
class Scope:
    """Pairs of one exchange and quote currency, their timeframes, and the time: `start` is in it, `end` is not."""

    instruments: tuple[Instrument, ...]
    timeframes: tuple[str, ...]
    start: datetime
    end: datetime

    @property
    def series(self) -> list[tuple[Instrument, str]]:
        """Each pair in each timeframe."""
        return [(one, timeframe) for one in self.instruments for timeframe in self.timeframes]

    @property
    def candles(self) -> int:
        """How many there can be at most."""
        whole = sum((self.end - self.start) // timeframes.length(timeframe) + 1 for timeframe in self.timeframes)
        return whole * len(self.instruments)


def scope(
    exchange: str, symbols: Sequence[str], spans: Sequence[str], start: datetime, end: datetime, most: int
) -> Scope:
    """Read what was asked for; pairs and timeframes in any spelling, each once.

    Raises INVALID_SYMBOL, INVALID_TIMEFRAME, INVALID_DATE_RANGE (an end that is not after the start, or more than
    `most` candles) and VALIDATION_ERROR for pairs of several quote currencies, which cannot share one capital.
    """
    found = tuple({(i := instrument(exchange, symbol)).symbol: i for symbol in symbols}.values())
    names = tuple(dict.fromkeys(timeframes.parse_timeframe(span) for span in spans))
    quotes = sorted({one.quote for one in found})
    if len(quotes) > 1:
        reason = f"must be of one quote currency, not of {' and '.join(quotes)}"
        raise MillraceError(Code.VALIDATION_ERROR, f"the symbols {reason}", fields={"symbols": reason})
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if end <= start:
        raise _wrong_range("end", "must be after the start")
    made = Scope(found, names, start, end)
    if made.candles > most:
        reason = f"is too far from the start: {made.candles} candles, at most {most} are looked at"
        raise _wrong_range("end", reason)
    return made


def no_candles(one: Instrument, timeframe: str) -> MillraceError:
    """The error for a series that has nothing in the range."""
    reason = f"begins a time without stored {timeframe} candles of {one.symbol} on {one.exchange}"
    return _wrong_range("start", reason)


def _wrong_range(field: str, reason: str) -> MillraceError:
    return MillraceError(Code.INVALID_DATE_RANGE, f"{field} {reason}", fields={field: reason})
