"""A backtest from its request to its results."""

import hashlib
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest

from services.backtest.tests.conftest import START, Owner, Store, bar, walk

RISE_AND_FALL = [bar(n, close) for n, close in enumerate((100, 100, 100, 110, 120, 130, 120, 110, 100, 90))]


async def test_a_backtest_waits_runs_and_gives_its_results(owner: Owner, store: Store) -> None:
    await store(RISE_AND_FALL)
    answer = await owner.create(commission="0.001", mode="percent_equity", size="0.5")
    made = answer.value()
    assert (answer.status, made["status"], made["progress"]) == (201, "queued", 0)
    assert made["estimated_duration"] > 0
    found = await owner.over(made["id"])
    assert (found["status"], found["progress"], found["error"]) == ("completed", 1, None)
    assert made["created_at"] <= found["started_at"] <= found["completed_at"]
    (trade,) = found["trades"]
    assert (trade["entry_at"], trade["exit_at"]) == ("2024-01-01T04:00:00Z", "2024-01-01T08:00:00Z")
    assert (trade["symbol"], trade["side"], trade["quantity"]) == ("BTC/USDT", "buy", "45.45454")
    paid, got = Decimal("45.45454") * 120, Decimal("45.45454") * 100
    pnl = got - paid - (got + paid) / 1000
    assert Decimal(trade["pnl"]) == pnl
    assert Decimal(trade["fraction"]) == pytest.approx(pnl / (paid * Decimal("1.001")))
    assert Decimal(found["final_capital"]) == 10_000 + pnl
    assert Decimal(found["metrics"]["profit"]) == pnl
    assert Decimal(found["metrics"]["total_return"]) == pytest.approx(pnl / 10_000)
    assert found["equity_curve"][0] == {"at": "2024-01-01T00:00:00Z", "equity": "10000", "drawdown": "0"}
    assert len(found["equity_curve"]) == 11
    assert all(Decimal(point["drawdown"]) >= 0 for point in found["equity_curve"])
    assert found["skips"]["warming up"] == 2


async def test_what_was_asked_for_is_told_again(owner: Owner, store: Store) -> None:
    await store([*walk(20), *walk(20, 2, "ETH/USDT")])
    asked: dict[str, Any] = {
        "name": "both",
        "symbols": ["btc-usdt", "ETH/USDT", "BTCUSDT"],
        "timeframes": ["1H"],
        "initial_capital": "2500.50",
        "commission": 0.002,
        "slippage": "0.0005",
        "slippage_model": "volume",
        "market_impact": True,
        "protection": "intrabar",
        "mode": "fixed_amount",
        "size": 100,
        "origin": "somewhere",
    }
    found = await owner.ran(**asked)
    assert found["symbols"] == ["BTC/USDT", "ETH/USDT"]
    assert found["timeframes"] == ["1h"]
    assert (found["initial_capital"], found["commission"], found["slippage"]) == ("2500.5", "0.002", "0.0005")
    for name in ("name", "slippage_model", "market_impact", "protection", "mode", "origin"):
        assert found[name] == asked[name]
    assert found["size"] == "100"
    assert (found["strategy"], found["parameters"]["fast"]) == ("trend", 2)
    assert (found["start"], found["end"]) == ("2024-01-01T00:00:00Z", "2024-01-01T10:00:00Z")


async def test_candles_before_the_start_warm_the_strategy_up(owner: Owner, store: Store) -> None:
    await store(RISE_AND_FALL)
    found = await owner.ran(start=(START + timedelta(hours=3)).isoformat())
    assert "warming up" not in found["skips"]
    assert found["trades"][0]["entry_at"] == "2024-01-01T04:00:00Z"


async def test_a_long_range_is_read_in_pages_without_losing_a_candle(owner: Owner, store: Store) -> None:
    await store(walk(10_050, timeframe="1m"))
    end = START + timedelta(minutes=10_050)
    found = await owner.ran(timeframes=["1m"], end=end.isoformat())
    times = [datetime.fromisoformat(point["at"]) for point in found["equity_curve"]]
    assert len(times) == -(-10_050 // 2) + 1  # every second of 10,051, which are too many to be shown, and the last
    assert (times[0], times[-1]) == (START, end)
    assert sum(found["skips"].values()) <= 10_050
    assert found["metrics"]["total_trades"] == len(found["trades"])


async def test_the_same_backtest_has_the_same_digest_and_another_one_has_not(owner: Owner, store: Store) -> None:
    await store(walk(200))
    end = (START + timedelta(hours=200)).isoformat()
    first, second, dear = [await owner.ran(end=end, commission=fee) for fee in ("0.001", "0.001", "0.002")]
    assert first["digest"] == second["digest"] != dear["digest"]
    assert first["trades"] == second["trades"]
    assert Decimal(dear["final_capital"]) < Decimal(first["final_capital"])
    texts = [first[name] for name in ("metrics", "equity_curve", "trades", "skips")]
    assert hashlib.sha256(b"\n".join(map(orjson.dumps, texts))).hexdigest() == first["digest"]


async def test_the_same_strategy_trades_on_every_timeframe_that_is_asked_for(owner: Owner, store: Store) -> None:
    await store([*walk(50), *walk(200, 2, timeframe="15m")])
    found = await owner.ran(timeframes=["1h", "15m"], end=(START + timedelta(hours=50)).isoformat())
    minutes = {datetime.fromisoformat(trade["entry_at"]).minute for trade in found["trades"]}
    assert len(minutes) > 1
    earned = sum(Decimal(trade["pnl"]) for trade in found["trades"])
    assert Decimal(found["final_capital"]) == 10_000 + earned


async def test_hold_keeps_the_capital(owner: Owner, store: Store) -> None:
    await store(RISE_AND_FALL)
    found = await owner.ran(strategy="hold", parameters={})
    assert (found["final_capital"], found["trades"]) == ("10000", [])
    assert found["skips"] == {"hold never trades": 10}
    assert (found["metrics"]["total_trades"], found["metrics"]["win_rate"]) == (0, None)
