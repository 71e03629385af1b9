"""Recorded trades from CSV files, plain or gzipped: timestamp (milliseconds), trade_id, price, qty."""

from collections.abc import Iterator
from pathlib import Path

from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.money import parse_amount
from millrace.marketdata.adapters.candle_files import broken, csv_rows, moment_of
from millrace.marketdata.domain.ticks import Tick

COLUMNS = ("timestamp", "trade_id", "price", "qty")


def read_trades(path: Path, exchange: str, symbol: str) -> Iterator[Tick]:
    """Every trade as a tick, in the order of the file. Raises VALIDATION_ERROR with the file and the line."""
    for number, row in csv_rows(path, COLUMNS):
        try:
            price, quantity = parse_amount(row["price"], "price"), parse_amount(row["qty"], "qty")
            if price <= 0 or quantity <= 0:
                raise ValueError("price and qty must be positive")
            tick = Tick(exchange, symbol, price, quantity, moment_of(row["timestamp"]), row["trade_id"])
        except (MillraceError, ValueError) as wrong:
            raise broken(path, number, str(wrong)) from None
        yield tick
