"""Which part of the market is looked at, and how large entries are."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from millrace.backtest.domain.scope import Scope, no_candles, scope
from millrace.backtest.domain.sizes import sizing
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import instrument
from millrace.strategy.sizing_rule import Basis
from services.backtest.tests.conftest import START

DAY = timedelta(days=1)


def asked(**changes: Any) -> Scope:
    """A day of hours of bitcoin, changed as asked."""
    day: dict[str, Any] = {"exchange": "binance", "symbols": ["BTCUSDT"], "spans": ["1h"], "most": 1000}
    return scope(**{**day, "start": START, "end": START + DAY, **changes})


def test_pairs_and_timeframes_are_read_in_any_spelling_and_taken_once() -> None:
    found = asked(symbols=["btc-usdt", "ETH/USDT", "BTCUSDT"], spans=["1H", "1d", "1h"])
    assert [one.symbol for one in found.instruments] == ["BTC/USDT", "ETH/USDT"]
    assert found.timeframes == ("1h", "1d")
    assert [(one.base, span) for one, span in found.series] == [
        ("BTC", "1h"),
        ("BTC", "1d"),
        ("ETH", "1h"),
        ("ETH", "1d"),
    ]


def test_times_are_taken_to_utc() -> None:
    east = timezone(timedelta(hours=2))
    found = asked(start=datetime(2024, 1, 1, 2, tzinfo=east), end=datetime(2024, 1, 2, tzinfo=east))
    assert (found.start, found.start.tzinfo, found.end) == (START, UTC, START + timedelta(hours=22))


def test_the_candles_are_counted_over_all_series() -> None:
    assert asked().candles == 25
    assert asked(symbols=["BTCUSDT", "ETHUSDT"], spans=["1h", "1d"]).candles == 2 * (25 + 2)


@pytest.mark.parametrize(
    ("code", "field", "changes"),
    [
        (Code.INVALID_DATE_RANGE, "end", {"end": START}),
        (Code.INVALID_DATE_RANGE, "end", {"end": START - DAY}),
        (Code.INVALID_DATE_RANGE, "end", {"most": 24}),
        (Code.INVALID_TIMEFRAME, "", {"spans": ["2h"]}),
        (Code.INVALID_SYMBOL, "", {"symbols": ["BTCUSDT", "NONSENSE"]}),
        (Code.INVALID_SYMBOL, "", {"exchange": "nowhere"}),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_field(code: Code, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(MillraceError) as refused:
        asked(**changes)
    assert refused.value.code is code
    assert list(refused.value.fields) == ([field] if field else [])


def test_as_many_candles_as_allowed_are_allowed() -> None:
    assert asked(most=25).candles == 25


def test_a_series_without_candles_is_named_in_the_error() -> None:
    error = no_candles(instrument("binance", "ETHUSDT"), "4h")
    assert error.code is Code.INVALID_DATE_RANGE
    assert error.message == "start begins a time without stored 4h candles of ETH/USDT on binance"


TENTH, FIVE_HUNDRED = Decimal("0.1"), Decimal(500)


@pytest.mark.parametrize(
    ("mode", "size", "own", "basis", "amount"),
    [
        ("percent_equity", None, "0.1", Basis.EQUITY, "0.1"),
        ("percent_equity", "0.25", "0.1", Basis.EQUITY, "0.25"),
        ("percent_equity", "1", "500", Basis.EQUITY, "1"),
        ("percent_equity", None, "500", Basis.QUOTE, "500"),
        ("fixed_amount", None, "500", Basis.QUOTE, "500"),
        ("fixed_amount", "0.5", "0.1", Basis.QUOTE, "0.5"),
        ("fixed_quantity", "0.5", "0.1", Basis.BASE, "0.5"),
    ],
)
def test_the_mode_says_what_a_size_is_measured_in(mode: Any, size: Any, own: str, basis: Basis, amount: str) -> None:
    rule = sizing(mode, None if size is None else Decimal(size), Decimal(own))
    assert (rule.basis, rule.amount) == (basis, Decimal(amount))


@pytest.mark.parametrize(
    ("mode", "size", "own"),
    [
        ("percent_equity", "1.5", "0.1"),
        ("percent_equity", "0", "0.1"),
        ("fixed_amount", None, "0.1"),
        ("fixed_amount", "-1", "0.1"),
        ("fixed_quantity", None, "500"),
        ("fixed_quantity", "0", "0.1"),
    ],
)
def test_a_size_that_does_not_fit_its_mode_is_refused(mode: Any, size: Any, own: str) -> None:
    with pytest.raises(MillraceError) as refused:
        sizing(mode, None if size is None else Decimal(size), Decimal(own))
    assert (refused.value.code, list(refused.value.fields)) == (Code.VALIDATION_ERROR, ["size"])
