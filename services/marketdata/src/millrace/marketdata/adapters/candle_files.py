"""Candles from files: CSV, gzipped CSV or Parquet with timestamp, open, high, low, close, volume.

The timestamp is the bar's opening time in seconds or milliseconds since the epoch, or ISO 8601 (UTC where it names no
zone). Where there are quote_volume and trades (how many), they are read too; an empty one is not known. Further columns
are ignored. Reading is strict: a bar that cannot be one, is off its grid or goes back in time is refused, and the error
names the line. The grid is the epoch's, or for replays the one that the first bar begins.
"""

import csv
import gzip
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

from millrace.common.kernel import timeframes
from millrace.common.kernel.clock import from_millis
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import ZERO, parse_amount
from millrace.common.kernel.symbols import parse_symbol
from millrace.marketdata.adapters import parquet

COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
TOLD = ("quote_volume", "trades")
_MOST_TRADES = 10**7
_SECONDS_BELOW = 10**11
_ASCEND = "the bars are not in time order: timestamps must ascend, each once"


def recorded(exchange: str, symbol: str) -> list[Candle]:
    """The five-minute bars that come with the platform, oldest first. Raises INVALID_SYMBOL for a market without."""
    return read_candles(recorded_file(exchange, symbol, "5m.csv.gz"), exchange, symbol, "5m")


def recorded_file(exchange: str, symbol: str, ending: str) -> Path:
    """A file of the recorded market that comes with the platform. Raises INVALID_SYMBOL when there is none."""
    name = f"{exchange}_{parse_symbol(symbol).joined.lower()}_{ending}"
    place = files("millrace.marketdata").joinpath("recorded", name)
    if not place.is_file():
        raise MillraceError(
            Code.INVALID_SYMBOL, f"no recorded market of {symbol} on {exchange} comes with the platform"
        )
    return Path(str(place))


def read_candles(
    path: Path, exchange: str, symbol: str, timeframe: str | None = None, *, any_grid: bool = False
) -> list[Candle]:
    """All bars of a file. Without `timeframe` it is the smallest distance between two bars.

    With `any_grid` the first bar may open at any time, and the others whole timeframes later.

    Raises VALIDATION_ERROR with the file and the line.
    """
    rows = [(number, _moment_at(path, number, row), row) for number, row in _rows(path)]
    if not rows:
        raise broken(path, 1, "there are no bars")
    timeframe = timeframe or _timeframe_of(path, [moment for _, moment, _ in rows])
    origin = rows[0][1] if any_grid else timeframes.opening(rows[0][1], timeframe)
    length = timeframes.length(timeframe)
    candles: list[Candle] = []
    for number, moment, row in rows:
        if candles and moment <= candles[-1].opened_at:
            raise broken(path, number, _ASCEND)
        if off := (moment - origin) % length:
            fix = f"it should open at {moment - off:%FT%TZ}, a whole number of {timeframe} after {origin:%FT%TZ}"
            raise broken(path, number, f"no {timeframe} bar opens at {moment.isoformat()}: {fix}")
        try:
            candles.append(_candle(row, exchange, symbol, timeframe, moment))
        except (MillraceError, ValueError) as wrong:
            raise broken(path, number, str(wrong)) from None
    return candles


def broken(path: Path, line: int, what: str) -> MillraceError:
    """The error of a data file that cannot be used."""
    return MillraceError(Code.VALIDATION_ERROR, f"{path.name}, line {line}: {what}", details={"line": line})


def csv_rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with their line numbers. Raises VALIDATION_ERROR for what is no such file."""
    number = 1
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise broken(path, 1, f"columns are missing: {', '.join(missing)}")
            for row in reader:
                number = reader.line_num
                if None in row.values():
                    raise broken(path, number, "the row is too short")
                yield number, row
    except FileNotFoundError:
        raise MillraceError(Code.NOT_FOUND, f"there is no file {path}") from None
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error) as wrong:
        raise broken(path, number + 1, f"cannot be read: {wrong}") from None


def moment_of(value: Any) -> datetime:
    """Seconds or milliseconds since the epoch, or ISO 8601, as an aware instant. Raises ValueError."""
    text = str(value).strip()
    try:
        if text.isdecimal():
            return from_millis(int(text) * (1000 if int(text) < _SECONDS_BELOW else 1))
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text[:40]!r} is not a timestamp") from None


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if path.suffix != ".parquet":
        return csv_rows(path, COLUMNS)
    try:
        return enumerate(parquet.read(path, COLUMNS, TOLD), start=1)
    except FileNotFoundError:
        raise MillraceError(Code.NOT_FOUND, f"there is no file {path}") from None
    except ValueError as wrong:
        raise broken(path, 1, str(wrong)) from None


def _moment_at(path: Path, number: int, row: Mapping[str, Any]) -> datetime:
    try:
        return moment_of(row["timestamp"])
    except ValueError as wrong:
        raise broken(path, number, str(wrong)) from None


def _timeframe_of(path: Path, moments: list[datetime]) -> str:
    if len(moments) < 2:
        raise broken(path, 2, "at least two bars are needed to know their timeframe")
    step = min((b - a for a, b in pairwise(moments) if b > a), default=None)
    if step is None:
        raise broken(path, 3, _ASCEND)
    for name in timeframes.SECONDS:
        if step == timeframes.length(name):
            return name
    raise broken(path, 2, f"the bars are {step} apart; known timeframes are {', '.join(timeframes.SECONDS)}")


def _candle(row: Mapping[str, Any], exchange: str, symbol: str, timeframe: str, moment: datetime) -> Candle:
    o, h, lo, c, v = (parse_amount(row[name], name) for name in COLUMNS[1:])
    if not (ZERO < lo <= o <= h and lo <= c <= h and v >= 0):
        raise ValueError("the prices do not make a bar")
    quote_volume, trades = (_told(row, name) for name in TOLD)
    if trades is not None and (trades % 1 or trades > _MOST_TRADES):
        raise ValueError(f"trades is a count of at most {_MOST_TRADES}")
    return Candle(
        exchange, symbol, timeframe, moment, o, h, lo, c, v, quote_volume, None if trades is None else int(trades)
    )


def _told(row: Mapping[str, Any], name: str) -> Decimal | None:
    """What a bar is worth telling beside its prices, where the file has it."""
    if row.get(name) in (None, ""):
        return None
    amount = parse_amount(row[name], name)
    if amount < 0:
        raise ValueError(f"{name} is negative")
    return amount
