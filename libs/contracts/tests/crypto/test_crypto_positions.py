"""Open positions in contract crypto."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from libs.contracts.tests.crypto.desk import Desk, kinds
from libs.contracts.tests.samples import sample
from millrace.common.kernel.errors import Code
from millrace.contracts.canonical.frame import Page
from millrace.contracts.canonical.trading import ListPositions, Position
from millrace.contracts.crypto import DIALECT

CRYPTO = Desk(DIALECT, "/api/v1/")
LIST = "GET trading/positions"
NINE = datetime(2025, 9, 18, 9, tzinfo=UTC)
HELD: dict[str, Any] = {
    "exchange": "binance",
    "symbol": "BTC/USDT",
    "spelling": "BTCUSDT",
    "side": "long",
    "quantity": Decimal("0.500000000000000000"),
    "entry_price": Decimal("43200.000000000000000000"),
    "mark_price": Decimal("43275"),
    "pnl": Decimal("37.5"),
    "return_on_margin": Decimal("0.0087"),
    "margin": Decimal("2160"),
    "opened_at": NINE.replace(hour=8, minute=30),
    "updated_at": NINE,
}


def shown(**changes: Any) -> Any:
    """The document's own position, with changes, as it is told."""
    return CRYPTO.answers(LIST, Page[Position](items=(sample(Position, **{**HELD, **changes}),), total=1))["positions"][
        0
    ]


def test_all_open_positions_are_asked_for() -> None:
    assert CRYPTO.asks(LIST) == ListPositions(status="open", symbol=None, side=None, limit=5000)


@pytest.mark.parametrize(("word", "side"), [("LONG", "long"), ("short", "short"), ("Long", "long"), ("sell", "short")])
def test_a_side_is_written_in_any_case_and_any_contracts_word(word: str, side: str) -> None:
    assert CRYPTO.asks(LIST, query={"side": word}).side == side


@pytest.mark.parametrize("written", ["BTCUSDT", "btc/usdt", "BTC-USDT", " BTC_USDT "])
def test_a_symbol_is_written_in_any_spelling(written: str) -> None:
    asked = CRYPTO.asks(LIST, query={"symbol": written})
    assert (asked.symbol, asked.spelling) == ("BTC/USDT", written.strip())


def test_a_filter_that_is_none_is_refused() -> None:
    assert CRYPTO.refuses(LIST, query={"symbol": "lost"}).code is Code.INVALID_SYMBOL
    assert CRYPTO.refuses(LIST, query={"side": "UP"}).fields == {"side": "must be one of LONG, SHORT"}


@pytest.mark.parametrize(
    ("query", "field"), [({"symbol": ""}, "symbol"), ({"symbol": "x" * 41}, "symbol"), ({"side": "x" * 21}, "side")]
)
def test_a_filter_is_bounded(query: dict[str, str], field: str) -> None:
    assert CRYPTO.wrong(LIST, query=query) == [field]


def test_the_other_contracts_questions_are_passed_over() -> None:
    assert CRYPTO.asks(LIST, query={"status": "closed", "limit": "3"}) == CRYPTO.asks(LIST)


def test_a_position_is_told_as_in_the_document() -> None:
    assert shown() == {
        "symbol": "BTCUSDT",
        "side": "LONG",
        "size": "0.5",
        "entry_price": "43200.00",
        "mark_price": "43275.00",
        "unrealized_pnl": "37.50",
        "percentage": "0.87",
        "margin": "2160.00",
        "opened_at": "2025-09-18T08:30:00Z",
        "updated_at": "2025-09-18T09:00:00Z",
    }


def test_positions_are_counted() -> None:
    assert CRYPTO.answers(LIST, Page[Position]()) == {"positions": [], "count": 0}
    both = tuple(sample(Position, **{**HELD, "side": side}) for side in ("long", "short"))
    body = CRYPTO.answers(LIST, Page[Position](items=both, total=9))
    assert (body["count"], [each["side"] for each in body["positions"]]) == (2, ["LONG", "SHORT"])


@pytest.mark.parametrize(
    ("exchange", "symbol", "entry", "told"),
    [
        ("binance", "BTC/USDT", "43200.333333333333333333", "43200.33"),
        ("binance", "BTC/USDT", "0", "0.00"),
        ("luno", "BTC/ZAR", "900000.666666666666666667", "900001"),
        ("elsewhere", "SHIB/USDT", "0.00001234", "0.00001234"),
        ("elsewhere", "SHIB/USDT", "0.000012345678912345", "0.00001235"),
        ("elsewhere", "SHIB/USDT", "12.5", "12.50"),
    ],
)
def test_an_average_price_has_its_markets_places_and_a_small_one_is_not_nothing(
    exchange: str, symbol: str, entry: str, told: str
) -> None:
    assert shown(exchange=exchange, symbol=symbol, entry_price=Decimal(entry))["entry_price"] == told


@pytest.mark.parametrize(
    ("profit", "fraction", "pnl", "percentage"),
    [
        ("-12.5", "-0.25", "-12.50", "-25"),
        ("0", "0", "0.00", "0"),
        ("-0.001", "-0.00001", "0.00", "0"),
        ("1E+15", "12345.678901", f"1{'0' * 15}.00", "1234567.89"),
    ],
)
def test_a_loss_is_below_zero_and_a_return_a_percent(profit: str, fraction: str, pnl: str, percentage: str) -> None:
    told = shown(pnl=Decimal(profit), return_on_margin=Decimal(fraction))
    assert (told["unrealized_pnl"], told["percentage"]) == (pnl, percentage)


@pytest.mark.parametrize(("spelling", "told"), [("btc-usdt", "btc-usdt"), (None, "BTCUSDT")])
def test_a_symbol_is_told_as_the_order_wrote_it(spelling: str | None, told: str) -> None:
    assert shown(spelling=spelling)["symbol"] == told


def test_everything_of_a_position_is_text() -> None:
    assert set(kinds(shown()).values()) == {"str"}
