"""Positions, candles, limits and the platform's readings in contract interfaces."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from libs.contracts.tests.botplatform.cases import asked, row_of
from libs.contracts.tests.samples import ID, NOW, sample
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical.frame import MOST, Page
from millrace.contracts.canonical.market import Bar, Candles, ListCandles, ListMarkets, Market, Markets
from millrace.contracts.canonical.risk import ListAlerts, ListLimits, RiskLimits, SetLimits, SystemAlert
from millrace.contracts.canonical.system import AskMetrics, Metric, MetricReadings
from millrace.contracts.canonical.trading import ListPositions, Position
from millrace.contracts.interfaces import DIALECT
from millrace.contracts.names import Contract

POSITIONS = "GET /api/v1/trading/positions"
SYMBOLS = "GET /api/v1/market-data/symbols"
OHLCV = "GET /api/v1/market-data/symbols/{symbol:path}/ohlcv"
LIMITS, SET_LIMITS = "GET /api/v1/risk/limits", "PUT /api/v1/risk/limits"
METRICS, ALERTS = "GET /api/v1/monitoring/metrics", "GET /api/v1/monitoring/alerts"
AT = "2026-01-02T03:04:05Z"


def answer(ask: str, result: Any) -> Any:
    """The body that a result becomes."""
    return row_of(DIALECT, ask).view.present(result, NOW)


# Positions


@pytest.mark.parametrize("word", ["open", "closed", "all", "ALL"])
def test_positions_are_open_closed_or_both(word: str) -> None:
    assert asked(DIALECT, POSITIONS, query={"status": word}).status == word.lower()


def test_without_a_filter_the_open_positions_are_listed() -> None:
    assert asked(DIALECT, POSITIONS) == ListPositions(status="open", limit=50)
    of_one = asked(DIALECT, POSITIONS, query={"symbol": "BTCUSD"})
    assert of_one == ListPositions(symbol="BTC/USD", spelling="BTCUSD", limit=50)


def test_a_filter_of_positions_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="must be one of all, closed, open"):
        asked(DIALECT, POSITIONS, query={"status": "ajar"})
    with pytest.raises(MillraceError, match="is not a trading pair"):
        asked(DIALECT, POSITIONS, query={"symbol": "BTC"})


@pytest.mark.parametrize(("side", "word"), [("long", "buy"), ("short", "sell")])
def test_a_position_is_numbers_and_the_side_that_opened_it(side: str, word: str) -> None:
    position = sample(
        Position,
        side=side,
        quantity=Decimal("0.5"),
        entry_price=Decimal(50000),
        mark_price=Decimal("50500.50"),
        pnl=Decimal("-250.25"),
        return_on_cost=Decimal("-0.01001"),
        return_on_margin=Decimal("0.9"),
        spelling=None,
    )
    (body,) = answer(POSITIONS, Page[Position](items=(position,), total=1))["positions"]
    assert body == {
        "id": str(ID),
        "symbol": "BTC/USDT",
        "exchange": "binance",
        "side": word,
        "quantity": 0.5,
        "entry_price": 50000.0,
        "current_price": 50500.5,
        "pnl": -250.25,
        "pnl_percentage": -1.001,
        "opened_at": AT,
        "updated_at": AT,
    }


def test_positions_are_a_list_without_a_count() -> None:
    assert answer(POSITIONS, Page[Position](total=9)) == {"positions": []}


# Market data


def test_symbols_are_those_of_one_exchange_or_of_all() -> None:
    assert asked(DIALECT, SYMBOLS) == ListMarkets(limit=100)
    assert asked(DIALECT, SYMBOLS, query={"exchange": "Luno", "limit": "1000"}) == ListMarkets(
        exchange="luno", limit=1000
    )
    with pytest.raises(ValidationError):
        asked(DIALECT, SYMBOLS, query={"exchange": "a b"})


def test_a_symbol_is_told_with_both_currencies_and_its_state() -> None:
    found = Markets(
        items=(
            Market(exchange="luno", symbol="BTC/ZAR"),
            Market(exchange="binance", symbol="ETH/USDT", is_active=False),
        )
    )
    assert answer(SYMBOLS, found) == {
        "symbols": [
            {
                "symbol": "BTC/ZAR",
                "exchange": "luno",
                "base_currency": "BTC",
                "quote_currency": "ZAR",
                "status": "active",
            },
            {
                "symbol": "ETH/USDT",
                "exchange": "binance",
                "base_currency": "ETH",
                "quote_currency": "USDT",
                "status": "inactive",
            },
        ]
    }


CANDLES = {"exchange": "binance", "interval": "1h"}


@pytest.mark.parametrize("written", ["BTC/USD", "BTCUSD", "btc-usd", "BTC_USD"])
def test_candles_are_of_one_market_in_any_spelling_which_is_kept(written: str) -> None:
    assert asked(DIALECT, OHLCV, query=CANDLES, symbol=written) == ListCandles(
        symbol="BTC/USD", spelling=written, exchange="binance", timeframe="1h", limit=100
    )


@pytest.mark.parametrize("name", ["exchange", "interval"])
def test_candles_need_an_exchange_and_an_interval(name: str) -> None:
    with pytest.raises(ValidationError, match="Field required"):
        asked(DIALECT, OHLCV, query={key: value for key, value in CANDLES.items() if key != name})


@pytest.mark.parametrize("interval", ["1m", "5m", "15m", "1h", "4h", "6h", "1d", "3d", "1w", "1H"])
def test_the_intervals_of_all_contracts_are_known(interval: str) -> None:
    command = asked(DIALECT, OHLCV, query={**CANDLES, "interval": interval})
    assert command.timeframe == interval.lower()


@pytest.mark.parametrize(
    ("query", "symbol", "code", "field"),
    [
        ({"interval": "2h"}, "BTCUSDT", Code.INVALID_TIMEFRAME, "interval"),
        ({"interval": "1M"}, "BTCUSDT", Code.INVALID_TIMEFRAME, "interval"),
        ({}, "BTC", Code.INVALID_SYMBOL, "symbol"),
    ],
)
def test_candles_that_cannot_be_are_a_bad_request_by_their_field(
    query: dict[str, str], symbol: str, code: Code, field: str
) -> None:
    with pytest.raises(MillraceError) as refused:
        asked(DIALECT, OHLCV, query={**CANDLES, **query}, symbol=symbol)
    assert (refused.value.code, refused.value.status, list(refused.value.fields)) == (code, 400, [field])


def test_candles_are_numbers_by_the_time_they_opened() -> None:
    bar = sample(
        Bar,
        open=Decimal(50000),
        high=Decimal("50500.5"),
        low=Decimal("49000.25"),
        close=Decimal("50100.00"),
        volume=Decimal("10.5"),
    )
    assert answer(OHLCV, sample(Candles, items=(bar,), symbol="BTC/USD", spelling="BTC-USD")) == {
        "symbol": "BTC-USD",
        "exchange": "binance",
        "interval": "1h",
        "candles": [
            {"timestamp": AT, "open": 50000.0, "high": 50500.5, "low": 49000.25, "close": 50100.0, "volume": 10.5}
        ],
    }
    assert answer(OHLCV, sample(Candles, items=(), symbol="BTC/USD", spelling=None))["symbol"] == "BTC/USD"


# Risk


def test_limits_are_two_amounts_and_a_percent_both_ways() -> None:
    told = {"max_position_value": 10000, "max_daily_loss": "500.5", "max_drawdown": 12.5}
    assert asked(DIALECT, SET_LIMITS, told) == SetLimits(
        max_position_value=Decimal(10000),
        max_daily_loss=Decimal("500.5"),
        max_drawdown=Decimal("0.125"),
        origin=Contract.INTERFACES,
    )
    found = sample(
        RiskLimits,
        max_position_value=Decimal(10000),
        max_daily_loss=Decimal("500.5"),
        max_drawdown=Decimal("0.125"),
    )
    assert answer(LIMITS, found) == {
        "max_position_value": 10000.0,
        "max_daily_loss": 500.5,
        "max_drawdown": 12.5,
        "updated_at": AT,
    }
    assert answer(SET_LIMITS, found) == answer(LIMITS, found)
    assert asked(DIALECT, LIMITS) == ListLimits()


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_position_value": -1},
        {"max_position_value": "1e18"},
        {"max_daily_loss": "much"},
        {"max_daily_loss": None},
        {"max_drawdown": 100.1},
        {"max_drawdown": -5},
    ],
    ids=str,
)
def test_limits_are_bounded(wrong: dict[str, Any]) -> None:
    told = {"max_position_value": 1, "max_daily_loss": 1, "max_drawdown": 1}
    with pytest.raises(ValidationError) as refused:
        asked(DIALECT, SET_LIMITS, {**told, **wrong})
    assert [error["loc"] for error in refused.value.errors()] == [tuple(wrong)]


@pytest.mark.parametrize("name", ["max_position_value", "max_daily_loss", "max_drawdown"])
def test_limits_are_set_all_at_once(name: str) -> None:
    told = {"max_position_value": 1, "max_daily_loss": 1, "max_drawdown": 1}
    with pytest.raises(ValidationError, match="Field required"):
        asked(DIALECT, SET_LIMITS, {key: value for key, value in told.items() if key != name})


# Monitoring


def test_readings_are_asked_for_by_component_and_name() -> None:
    assert asked(DIALECT, METRICS) == AskMetrics()
    command = asked(DIALECT, METRICS, query={"component": "gateway", "metric": "millrace_requests_total"})
    assert (command.component, command.name) == ("gateway", "millrace_requests_total")
    with pytest.raises(ValidationError):
        asked(DIALECT, METRICS, query={"component": "a b"})


def test_a_reading_is_a_number_at_a_time() -> None:
    reading = Metric(component="gateway", name="requests", value=Decimal("12.5"), at=NOW)
    assert answer(METRICS, MetricReadings(items=(reading,))) == {
        "metrics": [{"component": "gateway", "metric": "requests", "value": 12.5, "timestamp": AT}]
    }


@pytest.mark.parametrize(("word", "active"), [("active", True), ("RESOLVED", False)])
def test_alerts_are_active_or_resolved(word: str, active: bool) -> None:
    assert asked(DIALECT, ALERTS, query={"status": word}) == ListAlerts(is_active=active, limit=MOST)


def test_without_a_filter_the_active_alerts_are_told() -> None:
    assert asked(DIALECT, ALERTS) == ListAlerts(is_active=True, limit=MOST)


@pytest.mark.parametrize(
    ("word", "severities"),
    [("info", ("low",)), ("warning", ("medium", "high")), ("Critical", ("critical",)), ("high", ("high",))],
)
def test_alerts_are_filtered_by_every_severity_that_shows_as_the_word(word: str, severities: tuple[str, ...]) -> None:
    assert asked(DIALECT, ALERTS, query={"severity": word}).severities == severities


@pytest.mark.parametrize("wrong", [{"severity": "dire"}, {"status": "open"}, {"severity": ""}])
def test_a_filter_of_alerts_that_is_none_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="must be one of") as refused:
        asked(DIALECT, ALERTS, query=wrong)
    assert [error["loc"] for error in refused.value.errors()] == [tuple(wrong)]


@pytest.mark.parametrize(
    ("severity", "word"), [("low", "info"), ("medium", "warning"), ("high", "warning"), ("critical", "critical")]
)
def test_an_alert_says_how_bad_it_is_in_three_words(severity: str, word: str) -> None:
    found = Page[SystemAlert](items=(sample(SystemAlert, severity=severity),), total=1)
    assert answer(ALERTS, found)["alerts"][0]["severity"] == word


def test_only_an_alert_that_is_over_says_since_when() -> None:
    over = sample(SystemAlert, is_active=False)
    going_on = sample(SystemAlert, is_active=True, resolved_at=None)
    body = answer(ALERTS, Page[SystemAlert](items=(over, going_on), total=2))
    assert [alert["status"] for alert in body["alerts"]] == ["resolved", "active"]
    assert body["alerts"][0]["resolved_at"] == AT
    assert "resolved_at" not in body["alerts"][1]
    TypeAdapter(row_of(DIALECT, ALERTS).view.response).validate_python(body)
