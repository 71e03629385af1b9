"""Canonical values in the words of the contracts, and back."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.events.trading import OrderState
from millrace.common.kernel.errors import Code, MillraceError
from millrace.gateway.app import words

AT = "2026-01-02T03:04:05.678901+00:00"
ORDER = {
    "order_id": "o-1",
    "bot_id": None,
    "client_ref": "mine",
    "exchange": "binance",
    "symbol": "BTC/USDT",
    "spelling": "BTC-USDT",
    "side": "buy",
    "order_type": "stop_loss",
    "quantity": "0.10000000",
    "price": "43250",
    "stop_price": None,
    "time_in_force": "gtc",
    "state": "open",
    "filled_quantity": "0",
    "average_price": None,
    "fees": "0",
    "reason": None,
    "requested_at": AT,
    "updated_at": AT,
}
POSITION = {
    "id": "p-1",
    "bot_id": "b-1",
    "symbol": "BTC/USDT",
    "exchange": "binance",
    "quantity": "0.5",
    "entry_price": "40000",
    "mark_price": "41000.5",
    "realized_pnl": "-3.456",
    "opened_at": AT,
    "updated_at": AT,
}


@pytest.mark.parametrize(
    ("word", "states"),
    [
        ("pending", {"received", "approved", "submitting", "unknown"}),
        ("PENDING", {"received", "approved", "submitting", "unknown"}),
        ("NEW", {"received", "approved", "submitting", "unknown", "open"}),
        ("rejected", {"refused", "rejected"}),
        ("canceled", {"cancelled"}),
        ("cancelled", {"cancelled"}),
        ("Partially_Filled", {"partially_filled"}),
        ("expired", {"expired"}),
    ],
)
def test_a_status_covers_states(word: str, states: set[str]) -> None:
    assert set(words.order_states(word)) == states


def test_every_state_of_an_order_is_found_under_the_status_it_is_shown_with() -> None:
    for state in OrderState:
        shown = words.order({**ORDER, "state": state.value})["status"]
        assert state.value in words.order_states(shown), state


@pytest.mark.parametrize(
    ("word", "states"),
    [("inactive", {"created", "stopped"}), ("active", {"active"}), ("PAUSED", {"paused"})],
)
def test_a_bots_status_covers_states(word: str, states: set[str]) -> None:
    assert set(words.bot_states(word)) == states


@pytest.mark.parametrize(
    ("read", "field"),
    [(words.order_states, "status"), (words.bot_states, "status"), (words.position_sides, "side")],
)
def test_an_unknown_word_names_the_known_ones(read: Any, field: str) -> None:
    with pytest.raises(MillraceError) as caught:
        read("sideways")
    assert caught.value.code is Code.VALIDATION_ERROR
    assert set(caught.value.fields) == {field}
    for known in ("long", "short") if field == "side" else ("active",) if read is words.bot_states else ("filled",):
        assert known in caught.value.message


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(-12, 14))
def test_a_moment_is_whole_seconds_of_utc(naive: datetime, hours: int) -> None:
    at = naive.replace(tzinfo=timezone(timedelta(hours=hours)))
    shown = words.moment(at)
    assert shown == words.moment(at.isoformat())
    assert shown.endswith("Z")
    assert datetime.fromisoformat(shown) == at.astimezone(UTC).replace(microsecond=0)


def test_an_order_is_shown_as_it_was_spelt_with_the_places_of_the_tick() -> None:
    shown = words.order(ORDER)
    assert (shown["symbol"], shown["side"], shown["order_type"], shown["time_in_force"]) == (
        "BTC-USDT",
        "BUY",
        "STOP_LOSS",
        "GTC",
    )
    assert (shown["price"], shown["stop_price"], shown["quantity"]) == ("43250.00", None, "0.10000000")
    assert (shown["created_at"], shown["updated_at"]) == ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z")


def test_a_price_finer_than_the_tick_is_shown_whole() -> None:
    assert words.order({**ORDER, "price": "43250.001"})["price"] == "43250.001"


@pytest.mark.parametrize(("state", "reconciling"), [("unknown", True), ("submitting", False), ("open", False)])
def test_an_order_the_venue_is_asked_about_says_so(state: str, reconciling: bool) -> None:
    assert words.order({**ORDER, "state": state})["reconciling"] is reconciling


def test_a_long_position_has_both_contracts_keys() -> None:
    shown = words.position(POSITION)
    assert (shown["symbol"], shown["side"], shown["quantity"], shown["size"]) == ("BTCUSDT", "buy", 0.5, "0.5")
    assert (shown["entry_price"], shown["current_price"], shown["mark_price"]) == (40000.0, 41000.5, "41000.5")
    assert (shown["pnl"], shown["unrealized_pnl"]) == (500.25, "500.25")
    assert (shown["pnl_percentage"], shown["percentage"]) == (2.5, "2.5")
    assert (shown["margin"], shown["realized_pnl"]) == ("20000", "-3.46")


def test_a_short_position_gains_when_the_price_falls() -> None:
    shown = words.position({**POSITION, "quantity": "-0.5", "mark_price": "39000"})
    assert (shown["side"], shown["quantity"], shown["pnl"], shown["percentage"]) == ("sell", 0.5, 500.0, "2.5")


def test_a_closed_position_has_no_share() -> None:
    shown = words.position({**POSITION, "quantity": "0"})
    assert (shown["pnl"], shown["pnl_percentage"], shown["margin"]) == (0.0, 0.0, "0")


@given(
    quantity=st.decimals("-1000", "1000", places=8).filter(bool),
    entry=st.decimals("0.01", "100000", places=2),
    mark=st.decimals("0.01", "100000", places=2),
)
def test_numbers_and_text_of_a_position_agree(quantity: Decimal, entry: Decimal, mark: Decimal) -> None:
    row = {**POSITION, "quantity": str(quantity), "entry_price": str(entry), "mark_price": str(mark)}
    shown = words.position(row)
    assert Decimal(shown["size"]) == abs(quantity)
    assert shown["pnl"] == float(shown["unrealized_pnl"])
    assert shown["pnl_percentage"] == float(shown["percentage"])
    assert (shown["pnl"] > 0) <= (quantity * (mark - entry) > 0)


def test_a_bots_profit_is_shown_in_cents_where_it_is_asked_for() -> None:
    row = {
        "id": "b-1",
        "name": "one",
        "status": "stopped",
        "strategy_id": "s-1",
        "strategy": "trend",
        "exchange": "binance",
        "spelling": "BTCUSDT",
        "timeframe": "1h",
        "config": {"position_size": 0.1},
        "created_at": AT,
    }
    assert "pnl" not in words.bot(row)
    assert words.bot(row)["status"] == "inactive"
    assert words.bot(row, {})["pnl"] == "0"
    assert words.bot(row, {"b-1": "12.345", "b-2": "1"})["pnl"] == "12.34"


def test_a_candle_says_what_was_traded_in_quote_currency() -> None:
    row = {"opened_at": AT, "open": "1", "high": "3", "low": "1", "close": "2", "volume": "10.5"}
    shown = words.candle(row, "1m")
    assert (shown["timestamp"], shown["timeframe"], shown["quote_volume"]) == ("2026-01-02T03:04:05Z", "1m", "21")
    assert {name: shown[name] for name in ("open", "high", "low", "close", "volume")} == {
        name: row[name] for name in ("open", "high", "low", "close", "volume")
    }


def test_a_user_shows_nothing_but_what_the_contract_names() -> None:
    row = {"id": "u", "username": "a", "email": "e", "full_name": None, "is_active": True, "password_hash": "x"}
    assert set(words.user(row)) == {"id", "username", "email", "full_name", "is_active"}
    shown = words.profile({**row, "created_at": AT, "preferences": None})
    assert (shown["preferences"], shown["created_at"]) == ({}, "2026-01-02T03:04:05Z")


def _held(currency: str, total: str, account_currency: str, price: str | None = None) -> dict[str, Any]:
    return {"currency": currency, "total": total, "account_currency": account_currency, "price": price}


NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_balance_of_one_currency_is_summed_at_market() -> None:
    rows = [_held("BTC", "2", "USDT", "100"), _held("USDT", "9800.5", "USDT"), _held("XYZ", "7", "USDT")]
    found = words.balance({"items": rows, "currency": "USDT", "rates": {"USDT": "1"}}, NOW)
    assert (found["total_wallet_balance"], found["available_balance"], found["margin_balance"]) == (
        "10000.5",
        "9800.5",
        "10000.5",
    )
    assert [(a["asset"], a["wallet_balance"]) for a in found["assets"]] == [
        ("BTC", "2"),
        ("USDT", "9800.5"),
        ("XYZ", "7"),
    ]
    assert not {"currency", "unpriced"} & set(found)


def test_a_balance_of_several_currencies_is_converted_and_what_cannot_be_is_named() -> None:
    rows = [_held("USDT", "100", "USDT"), _held("ETH", "2", "ZAR", "1000"), _held("ZAR", "400", "ZAR")]
    rates = {"USDT": "1", "ZAR": "0.05"}
    found = words.balance({"items": rows, "currency": "USDT", "rates": rates}, NOW)
    assert (found["total_wallet_balance"], found["available_balance"]) == ("220", "120")
    assert (found["currency"], found["unpriced"]) == ("USDT", [])
    odd = words.balance({"items": [*rows, _held("ABC", "1000000", "ABC")], "currency": "USDT", "rates": rates}, NOW)
    assert (odd["total_wallet_balance"], odd["available_balance"], odd["unpriced"]) == ("220", "120", ["ABC"])
    assert odd["assets"][-1]["wallet_balance"] == "1000000"


def test_a_curve_names_what_it_leaves_out_and_nothing_else() -> None:
    item = {"at": "2026-01-01T12:00:00Z", "equity": "10", "drawdown": "0"}
    whole = words.equity({"items": [item], "currency": "USDT", "unpriced": []})
    assert whole == {"points": [{"timestamp": "2026-01-01T12:00:00Z", "equity": "10", "drawdown": "0"}]}
    part = words.equity({"items": [], "currency": "USDT", "unpriced": ["ABC"]})
    assert part == {"points": [], "currency": "USDT", "unpriced": ["ABC"]}
