"""Candles from CSV files, plain or gzipped: timestamp, open, high, low, close, volume.

The timestamp is the bar's opening time in seconds or milliseconds since the epoch, or ISO 8601.
"""

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

from millrace.common.kernel.clock import from_millis
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import parse_amount
from millrace.common.kernel.symbols import parse_symbol

COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")


def recorded(exchange: str, symbol: str) -> list[Candle]:
    """The five-minute bars that come with the platform, oldest first."""
    name = f"{exchange}_{parse_symbol(symbol).joined.lower()}_5m.csv.gz"
    place = files("millrace.marketdata").joinpath("recorded", name)
    if not place.is_file():
        raise MillraceError(
            Code.INVALID_SYMBOL, f"no recorded market of {symbol} on {exchange} comes with the platform"
        )
    return read_candles(Path(str(place)), exchange, symbol, "5m")


def read_candles(path: Path, exchange: str, symbol: str, timeframe: str) -> list[Candle]:
    """All bars of a file, checked. Raises VALIDATION_ERROR that names the line."""
    candles: list[Candle] = []
    for number, row in _rows(path):
        try:
            candle = _candle(row, exchange, symbol, timeframe)
        except (MillraceError, ValueError, KeyError) as wrong:
            raise _broken(path, number, str(wrong)) from None
        if candles and candle.opened_at <= candles[-1].opened_at:
            raise _broken(path, number, "the bars are not in time order")
        candles.append(candle)
    if not candles:
        raise _broken(path, 1, "there are no bars")
    return candles


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="") as file:
        reader = csv.DictReader(file)
        missing = set(COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise _broken(path, 1, f"columns are missing: {', '.join(sorted(missing))}")
        for row in reader:
            yield reader.line_num, row


def _candle(row: dict[str, str], exchange: str, symbol: str, timeframe: str) -> Candle:
    o, h, lo, c, v = (parse_amount(row[name], name) for name in COLUMNS[1:])
    if not (lo <= min(o, c) and h >= max(o, c) and lo > 0 and v >= Decimal(0)):
        raise ValueError("the prices do not make a bar")
    return Candle(exchange, symbol, timeframe, _moment(row["timestamp"]), o, h, lo, c, v)


def _moment(text: str) -> datetime:
    if text.isdigit():
        number = int(text)
        return from_millis(number if number > 10**11 else number * 1000)
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _broken(path: Path, line: int, what: str) -> MillraceError:
    return MillraceError(Code.VALIDATION_ERROR, f"{path.name}, line {line}: {what}")
