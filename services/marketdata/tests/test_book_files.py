"""Reading recorded order books, strictly."""

import json
from pathlib import Path
from typing import Any

import pytest

from millrace.common.kernel.errors import MillraceError
from millrace.marketdata.adapters.book_files import read_book
from millrace.marketdata.domain.orderbook import BookSnapshot, BookUpdate

DELTA = {"stream": "btcusdt@depth", "data": {"E": 1723161255208, "U": 5, "u": 7, "b": [["1.50", "2"]], "a": []}}
SNAPSHOT = {"lastUpdateId": 6, "bids": [["1.4", "1"]], "asks": [["1.6", "1"]]}
OTHER = {"stream": "btcusdt@trade", "data": {}}


def read(folder: Path, *lines: Any) -> list[BookSnapshot | BookUpdate]:
    path = folder / "book.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps({"msg": line}) for line in lines))
    return list(read_book(path, "binance", "BTC/USDT"))


def test_changes_and_snapshots_come_in_order_and_other_messages_are_passed_over(tmp_path: Path) -> None:
    update, snapshot = read(tmp_path, DELTA, OTHER, SNAPSHOT)
    assert isinstance(update, BookUpdate)
    assert isinstance(snapshot, BookSnapshot)
    assert (update.first_update_id, update.last_update_id, snapshot.last_update_id) == (5, 7, 6)
    assert snapshot.at == update.at


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[]",
        "{}",
        {"stream": "x@depth", "data": {}},
        {"stream": "x@depth", "data": {**DELTA["data"], "b": [["1"]]}},  # type: ignore[dict-item]
        {"stream": "x@depth", "data": {**DELTA["data"], "a": [["NaN", "1"]]}},  # type: ignore[dict-item]
        {"stream": "x@depth", "data": {**DELTA["data"], "E": 10**30}},  # type: ignore[dict-item]
    ],
)
def test_a_broken_message_is_refused_with_its_line(tmp_path: Path, line: Any) -> None:
    with pytest.raises(MillraceError, match=r"book\.jsonl, line 2: no book message"):
        read(tmp_path, DELTA, line)


def test_a_snapshot_without_any_time_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MillraceError, match="cannot come first"):
        read(tmp_path, SNAPSHOT)
