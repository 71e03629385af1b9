"""Requests that make no sense are refused with what is wrong, and leave nothing behind."""

from datetime import timedelta
from typing import Any

from services.backtest.tests.conftest import START, Owner, Store, walk

CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("INVALID_DATE_RANGE", "end", {"end": START.isoformat()}),
    ("INVALID_DATE_RANGE", "end", {"end": "2023-01-01T00:00:00Z"}),
    ("INVALID_DATE_RANGE", "end", {"end": "2090-01-01T00:00:00Z"}),
    ("INVALID_DATE_RANGE", "start", {"start": "2020-01-01T00:00:00Z", "end": "2020-02-01T00:00:00Z"}),
    ("INVALID_DATE_RANGE", "start", {"timeframes": ["4h"]}),
    ("INVALID_DATE_RANGE", "start", {"symbols": ["BTCUSDT", "ETHUSDT"]}),
    ("INVALID_SYMBOL", "", {"symbols": ["NOPE"]}),
    ("INVALID_SYMBOL", "", {"exchange": "nowhere"}),
    ("INVALID_TIMEFRAME", "", {"timeframes": ["7m"]}),
    ("VALIDATION_ERROR", "symbols", {"symbols": []}),
    ("VALIDATION_ERROR", "timeframes", {"timeframes": []}),
    ("VALIDATION_ERROR", "start", {"start": "2024-01-01T00:00:00"}),
    ("VALIDATION_ERROR", "initial_capital", {"initial_capital": 0}),
    ("VALIDATION_ERROR", "initial_capital", {"initial_capital": "NaN"}),
    ("VALIDATION_ERROR", "initial_capital", {"initial_capital": 10**15}),
    ("VALIDATION_ERROR", "commission", {"commission": -1}),
    ("VALIDATION_ERROR", "commission", {"commission": "0.2"}),
    ("VALIDATION_ERROR", "slippage", {"slippage": 5}),
    ("VALIDATION_ERROR", "slippage_model", {"slippage_model": "FIXED"}),
    ("VALIDATION_ERROR", "mode", {"mode": "all_in"}),
    ("VALIDATION_ERROR", "size", {"size": 2}),
    ("VALIDATION_ERROR", "size", {"mode": "fixed_amount"}),
    ("VALIDATION_ERROR", "size", {"mode": "fixed_quantity"}),
    ("VALIDATION_ERROR", "size", {"mode": "fixed_quantity", "size": 0}),
    ("VALIDATION_ERROR", "strategy", {"strategy": "divination"}),
    ("VALIDATION_ERROR", "slow", {"parameters": {"fast": 5, "slow": 3}}),
    ("VALIDATION_ERROR", "user_id", {"user_id": "00000000-0000-0000-0000-000000000002"}),
    ("VALIDATION_ERROR", "status", {"status": "completed"}),
]


async def test_a_backtest_that_makes_no_sense_is_refused_and_says_why(owner: Owner, store: Store) -> None:
    await store(walk(10))
    for code, field, asked in CASES:
        answer = await owner.create(**asked)
        error = answer.json()["error"]
        assert (answer.status < 500, error["code"]) == (True, code), (asked, error)
        assert not field or any(field in name for name in error["fields"]), (asked, error)
    assert (await owner.ask("GET", "/backtests")).value()["total"] == 0


async def test_one_strategy_must_be_named(owner: Owner) -> None:
    for asked in ({"strategy": None}, {"strategy_id": 1}):
        answer = await owner.create(**asked)
        assert answer.status == 422
        assert "give either strategy_id or strategy" in str(answer.json())


async def test_too_many_candles_are_refused_with_both_numbers(owner: Owner) -> None:
    answer = await owner.create(timeframes=["1m"], end=(START + timedelta(days=365)).isoformat())
    assert "525601 candles, at most 200000 are looked at" in answer.json()["error"]["message"]


async def test_references_and_lists_of_nonsense_are_refused(owner: Owner) -> None:
    for ref in ("nonsense", "-1", "0", str(1 << 63), "1.5"):
        assert (await owner.ask("GET", f"/backtests/{ref}")).status == 422, ref
    for query in ({"status": "done"}, {"strategy": "x"}, {"limit": 0}, {"limit": 1001}, {"offset": -1}):
        assert (await owner.ask("GET", "/backtests", query=query)).status == 422, query
