"""What the settings mean."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from millrace.marketdata.config import MarketdataSettings


@pytest.mark.parametrize(
    ("settings", "smallest", "speed"),
    [
        ({}, "1s", 1),
        ({"bars_per_second": 20}, "1s", 20),
        ({"bars_per_second": 0.2}, "5s", 1),
        ({"bars_per_second": 1 / 300}, "5m", 1),
        ({"timeframe": "5m"}, "5m", 1),
        ({"timeframe": "5m", "bars_per_second": 2}, "5m", 600),
        ({"feed": "ccxt"}, "1m", 1),
    ],
)
def test_a_pace_is_a_timeframe_and_a_speed(settings: dict[str, object], smallest: str, speed: float) -> None:
    made = MarketdataSettings(**settings)  # type: ignore[arg-type]
    assert (made.smallest, made.speed) == (smallest, speed)


def test_symbols_may_be_spelled_anyhow_and_count_once() -> None:
    assert MarketdataSettings(symbols="btcusdt, ETH-USDT,BTC/USDT").names == ["BTC/USDT", "ETH/USDT"]


def test_one_market_has_one_file_commas_and_all() -> None:
    assert MarketdataSettings(symbols="BTCUSDT", file="/a,b.csv").files == [Path("/a,b.csv")]
    assert MarketdataSettings(symbols="BTCUSDT,ETHUSDT", file="a.csv, b.csv").files == [Path("a.csv"), Path("b.csv")]
    assert MarketdataSettings().files == []


@pytest.mark.parametrize("wrong", [{"timeframe": "7m"}, {"feed": "psychic"}, {"bars_per_second": 0}, {"tape": "vinyl"}])
def test_an_unknown_setting_refuses_to_start(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MarketdataSettings(**wrong)  # type: ignore[arg-type]
