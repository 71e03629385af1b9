"""A replay with the bars' own times, one after another."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from millrace.common.events.market import CandleClosed
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.testing.service import Stand
from millrace.marketdata.app.lockstep import STAGES

HEADER = "timestamp,open,high,low,close,volume\n"


def written(folder: Path, name: str, hours: list[int], base: int) -> Path:
    rows = (f"2024-03-01T{hour:02}:00:00Z,{base + hour},{base + 99},{base - 9},{base + hour},5\n" for hour in hours)
    file = folder / name
    file.write_text(HEADER + "".join(rows))
    return file


async def replayed(stand: Stand) -> list[CandleClosed]:
    total = (await stand.ask("marketdata", "POST", "/replay")).value()["total"]

    async def over() -> bool:
        return bool((await stand.ask("marketdata", "GET", "/replay")).value()["played"] == total)

    await stand.host.until(over, 30)
    await stand.rest()
    return stand.said(CandleClosed)


async def test_two_files_are_played_together_in_their_own_timeframe(market: Callable[..., Any], tmp_path: Path) -> None:
    files = [written(tmp_path, "btc.csv", [0, 1, 2], 1000), written(tmp_path, "eth.csv", [0, 1, 3], 100)]
    stand = await market(feed="lockstep", symbols="BTCUSDT,ETHUSDT", file=",".join(map(str, files)))
    rows = (await stand.ask("marketdata", "GET", "/symbols")).value()["items"]
    assert rows[0]["timeframes"] == ["1h"]
    said = await replayed(stand)
    assert {event.timeframe for event in said} == {"1h"}
    stored = await stand.rows("marketdata", "select symbol, opened_at from candles order by opened_at, symbol")
    assert [(row["symbol"][:3], row["opened_at"].hour) for row in stored] == [
        ("BTC", 0),
        ("ETH", 0),
        ("BTC", 1),
        ("ETH", 1),
        ("BTC", 2),
        ("ETH", 3),
    ]
    assert len(said) == 6 * len(STAGES)


async def test_a_bar_is_told_to_every_stage_with_the_same_id_and_its_own_time(market: Callable[..., Any]) -> None:
    stand = await market(feed="lockstep", symbols="BTCUSDT", bars=2)
    await replayed(stand)
    ids = [message.id for message in stand.messages]
    assert [len(set(ids)), len(ids)] == [2, 2 * len(STAGES)]
    assert [m.envelope.stage for m in stand.messages] == STAGES * 2
    assert stand.messages[0].at == datetime(2023, 10, 16, 0, 5, tzinfo=UTC)


async def test_files_and_symbols_must_be_as_many(market: Callable[..., Any]) -> None:
    with pytest.raises(MillraceError) as refused:
        await market(feed="lockstep", symbols="BTCUSDT,ETHUSDT,BTCZAR", file="a.csv,b.csv")
    assert refused.value.code is Code.VALIDATION_ERROR
