"""TradingView's alerts."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from libs.contracts.tests.application.asked import answer, ask, row
from libs.contracts.tests.samples import NOW
from millrace.common.events.trading import OrderType, Side
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical.frame import Done
from millrace.contracts.canonical.problem import Problem
from millrace.contracts.canonical.trading import Executed

ALERT: dict[str, Any] = {
    "order_type": "market",
    "symbol": "BTCUSDT",
    "botname": "First",
    "side": "buy",
    "size": "0.1",
    "leverage": "2",
    "takeprofit": "50000.5",
}
SIGNED = {"x-tradingview-signature": "00ff"}


def take(
    given: Any = None, headers: dict[str, str] = SIGNED, path: dict[str, str] | None = None, **changes: Any
) -> Any:
    """The command that an alert becomes."""
    raw = {**ALERT, **changes} if given is None else given
    return ask("POST", "/webhook/tradingview", raw=raw, headers=headers, path=path)


def refusal(*given: Any, **changes: Any) -> MillraceError:
    """Why an alert is refused."""
    with pytest.raises(MillraceError) as refused:
        take(*given, **changes)
    return refused.value


def test_an_alert_is_for_the_bot_of_its_name() -> None:
    signal = take()
    assert (signal.bot, signal.symbol, signal.spelling) == ("First", "BTC/USDT", "BTCUSDT")
    assert (signal.side, signal.order_type, signal.quantity) == (Side.BUY, OrderType.MARKET, Decimal("0.1"))
    assert (signal.leverage, signal.take_profit) == (2, Decimal("50000.5"))
    assert (signal.secret, signal.at) == (None, None)


def test_the_signature_is_over_the_bytes_that_came() -> None:
    raw = json.dumps(ALERT, indent=3).encode() + b"\n"
    signal = take(raw)
    assert (signal.signature, signal.raw) == ("00ff", raw)


def test_a_sender_may_say_whose_key_has_signed() -> None:
    user = UUID(int=7)
    assert take().user_id is None
    assert take(headers={**SIGNED, "x-tradingview-user": f" {user} "}).user_id == user
    error = refusal(headers={**SIGNED, "x-tradingview-user": "me"})
    assert (error.code, list(error.fields)) == (Code.VALIDATION_ERROR, ["x-tradingview-user"])


def test_who_cannot_sign_sends_the_secret_in_the_address() -> None:
    signal = take(headers={}, path={"secret": "shared"})
    assert signal.signature == ""
    assert signal.secret.get_secret_value() == "shared"
    assert "shared" not in repr(signal)
    assert take(headers={}, path={"secret": "x" * 9000}).secret is not None


def test_without_either_nothing_is_read() -> None:
    for raw in (None, b"", b"{", b"[]"):
        error = refusal(raw, {})
        assert (error.code, error.fields) == (Code.AUTH_REQUIRED, {})


@pytest.mark.parametrize(
    ("given", "leverage", "take_profit"),
    [
        ({"leverage": "", "takeprofit": ""}, 1, None),
        ({"leverage": " ", "takeprofit": None}, 1, None),
        ({"leverage": "0", "takeprofit": "0"}, 1, None),
        ({"leverage": 5, "takeprofit": 51_000}, 5, 51_000),
    ],
)
def test_an_empty_placeholder_is_none(given: dict[str, Any], leverage: int, take_profit: int | None) -> None:
    signal = take(**given)
    assert (signal.leverage, signal.take_profit) == (leverage, take_profit)


@pytest.mark.parametrize(("price", "kept"), [("43250.00", Decimal(43_250)), ("", None), ("0", None), (None, None)])
def test_a_limit_order_names_its_price(price: Any, kept: Decimal | None) -> None:
    signal = take(order_type="limit", price=price)
    assert (signal.order_type, signal.price) == (OrderType.LIMIT, kept)


@pytest.mark.parametrize("word", ["", " ", None])
def test_an_order_is_at_market_where_nothing_else_is_said(word: Any) -> None:
    assert take(order_type=word).order_type is OrderType.MARKET
    assert take({key: value for key, value in ALERT.items() if key != "order_type"}).order_type is OrderType.MARKET


@pytest.mark.parametrize("given", [{"leverage": "126"}, {"leverage": "-1"}, {"price": "-1"}, {"takeprofit": "-0.1"}])
def test_an_alert_is_bounded(given: dict[str, str]) -> None:
    assert take(leverage="125").leverage == 125
    assert list(Problem.of(refusal(**given), NOW).fields) == list(given)


def test_leverage_and_take_profit_may_be_missing() -> None:
    signal = take({key: value for key, value in ALERT.items() if key not in ("leverage", "takeprofit")})
    assert (signal.leverage, signal.take_profit) == (1, None)


@pytest.mark.parametrize("missing", ["symbol", "botname", "side", "size"])
def test_all_else_is_needed(missing: str) -> None:
    error = refusal({key: value for key, value in ALERT.items() if key != missing})
    assert error.code is Code.VALIDATION_ERROR
    assert error.message == f"{missing}: Field required"
    assert Problem.of(error, NOW).fields == {missing: "Field required"}


@pytest.mark.parametrize("size", ["0", "-1", "NaN", "", "1e15", "0.0000000000000000001", None, True, "all"])
def test_a_size_is_an_amount(size: Any) -> None:
    assert list(Problem.of(refusal(size=size), NOW).fields) == ["size"]


def test_a_wrong_size_is_told_in_words_like_any_other_field() -> None:
    assert refusal(size="0").message == "size: must be greater than 0"


def test_a_size_keeps_every_digit() -> None:
    assert take(size="0.123456789012345678").quantity == Decimal("0.123456789012345678")
    assert take(size=0.1).quantity == Decimal("0.1")


@pytest.mark.parametrize(("field", "word"), [("side", "long"), ("order_type", "iceberg"), ("symbol", "BTC")])
def test_a_word_nobody_knows_names_its_field(field: str, word: str) -> None:
    assert list(refusal(**{field: word}).fields) == [field]


@pytest.mark.parametrize("side", ["BUY", "Sell", "sell"])
def test_words_are_read_in_any_case(side: str) -> None:
    assert take(side=side, order_type="MARKET").side == side.lower()


@pytest.mark.parametrize("key", ["take_profit", "stop_price", "time", "quantity", "comment"])
def test_a_key_that_nobody_knows_does_not_vanish(key: str) -> None:
    error = refusal(**{key: "1"})
    assert list(Problem.of(error, NOW).fields) == [key]


def test_a_key_that_only_the_server_sets_is_passed_over() -> None:
    raw = json.dumps({**ALERT, "user_id": "another", "status": "filled"}).encode()
    assert take(raw).model_dump(exclude={"raw"}) == take().model_dump(exclude={"raw"})


@pytest.mark.parametrize("written", ["2026-01-02T03:04:05Z", 1767323045, "1767323045", "1767323045000"])
def test_an_alert_may_say_when_it_was_sent(written: Any) -> None:
    assert take(timestamp=written).at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert take(timestamp="").at is None
    for wrong in ("soon", "0001-01-01T00:00:00+02:00", 10**30):
        assert refusal(timestamp=wrong).message.startswith("timestamp: must be a time")


@pytest.mark.parametrize("raw", [b"", b"{", b"buy BTCUSDT now", b"[]", b"null", b"\xff", b'"x"', b"[" * 5000])
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    error = refusal(raw)
    assert error.code is Code.VALIDATION_ERROR
    assert list(Problem.of(error, NOW).fields) == ["body"]


def test_no_refusal_repeats_what_was_sent() -> None:
    error = refusal(size="a-secret-size", another="a-secret-key")
    assert "a-secret" not in str(error.details)
    assert "a-secret" not in error.message


def test_the_gateway_does_not_read_the_body_for_the_view() -> None:
    assert row("POST", "/webhook/tradingview").view.body is None


def test_what_an_alert_did_is_told() -> None:
    results = ({"order_id": "1", "quantity": Decimal("0.10")},)
    found = Executed(correlation_id="cc", success_count=1, error_count=0, results=results)
    assert answer("POST", "/webhook/tradingview", found)["data"] == {
        "correlation_id": "cc",
        "success_count": 1,
        "error_count": 0,
        "results": [{"order_id": "1", "quantity": 0.1}],
    }


def test_the_test_tells_time_and_correlation() -> None:
    data = answer("GET", "/webhook/tradingview/test", Done(at=NOW, subject="cc"))["data"]
    assert data == {"timestamp": "2026-01-02T03:04:05Z", "correlation_id": "cc"}
