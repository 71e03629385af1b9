"""Recorded order books: JSON lines of the messages that Binance sent, `{"msg": ...}` each.

A message with `lastUpdateId` is the REST depth snapshot, one of the stream `depth` a change (Binance spot API, "Diff.
depth stream"). The snapshot carries no time and gets that of the message before it. Others are passed over.
"""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from millrace.common.kernel.clock import from_millis
from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.money import parse_amount
from millrace.marketdata.adapters.candle_files import broken
from millrace.marketdata.domain.orderbook import BookSnapshot, BookUpdate, Levels


def read_book(path: Path, exchange: str, symbol: str) -> Iterator[BookSnapshot | BookUpdate]:
    """Snapshots and changes in the order of the file. Raises VALIDATION_ERROR with the file and the line."""
    at: datetime | None = None
    number = 0
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
            for line in file:
                number += 1
                item = _item(json.loads(line)["msg"], exchange, symbol, at)
                if item is not None:
                    at = item.at
                    yield item
    except (OSError, EOFError, zlib.error, ValueError, ArithmeticError, LookupError, TypeError, MillraceError) as wrong:
        raise broken(path, max(number, 1), f"no book message: {wrong}") from None


def _item(message: dict[str, Any], exchange: str, symbol: str, at: datetime | None) -> BookSnapshot | BookUpdate | None:
    if "lastUpdateId" in message:
        if at is None:
            raise ValueError("a snapshot cannot come first: it has no time")
        bids, asks = levels(message["bids"]), levels(message["asks"])
        return BookSnapshot(exchange, symbol, bids, asks, int(message["lastUpdateId"]), at)
    if "@depth" not in message["stream"]:
        return None
    change = message["data"]
    bids, asks = levels(change["b"]), levels(change["a"])
    return BookUpdate(exchange, symbol, bids, asks, int(change["U"]), int(change["u"]), from_millis(int(change["E"])))


def levels(rows: Iterable[Any]) -> Levels:
    """(price, quantity) pairs of text as exact numbers."""
    return tuple((parse_amount(row[0], "price"), parse_amount(row[1], "quantity")) for row in rows)
