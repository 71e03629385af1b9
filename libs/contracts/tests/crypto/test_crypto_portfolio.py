"""The portfolio in contract crypto."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from libs.contracts.tests.crypto.desk import Desk, kinds
from libs.contracts.tests.samples import sample
from millrace.contracts.canonical.accounts import Asset, PortfolioBalance
from millrace.contracts.canonical.frame import Nothing
from millrace.contracts.canonical.performance import AskPerformance, DailyReturn, Metrics, Performance
from millrace.contracts.crypto import DIALECT

CRYPTO = Desk(DIALECT, "/api/v1/")
BALANCE, PERFORMANCE = "GET portfolio/balance", "GET portfolio/performance"
NINE = datetime(2025, 9, 18, 9, tzinfo=UTC)
ZERO = Decimal(0)
DID: dict[str, Any] = {
    "total_return": Decimal("0.0876"),
    "sharpe_ratio": Decimal("1.85"),
    "sortino_ratio": Decimal("2.12"),
    "max_drawdown": Decimal("0.0325"),
    "volatility": Decimal("0.158"),
    "win_rate": Decimal("0.655"),
    "profit_factor": Decimal("1.45"),
}


def balance(*assets: Asset, **changes: Any) -> PortfolioBalance:
    """The document's own balance, with changes."""
    told = {
        "account_type": "futures",
        "wallet": Decimal(10000),
        "available": Decimal(8500),
        "locked": Decimal(1500),
        "unrealized_pnl": Decimal("125.5"),
        "updated_at": NINE,
    }
    return PortfolioBalance(**{**told, **changes}, assets=assets)


def performance(**changes: Any) -> Performance:
    """The document's own report; `changes` may be of the report or of its metrics."""
    told = {
        "period": "30d",
        "start": datetime(2025, 8, 18, tzinfo=UTC),
        "end": NINE,
        "initial_balance": Decimal(10000),
        "final_balance": Decimal("10875.5"),
        "days": (
            DailyReturn(
                date=date(2025, 9, 18), profit=Decimal("1.25"), fraction=Decimal("0.0012"), balance=Decimal("10875.5")
            ),
        ),
    }
    own = {key: value for key, value in changes.items() if key in Performance.model_fields}
    did = Metrics(**{**DID, **{key: value for key, value in changes.items() if key not in own}})
    return sample(Performance, **{**told, "metrics": did, **own})


def test_a_balance_is_asked_for_without_a_word() -> None:
    assert CRYPTO.asks(BALANCE) == Nothing()
    assert CRYPTO.row(BALANCE).view.query is None


def test_a_balance_is_told_as_in_the_document_and_adds_up() -> None:
    held = Asset(currency="USDT", total=Decimal(10000), locked=Decimal(1500), unrealized_pnl=Decimal("125.5"))
    assert CRYPTO.answers(BALANCE, balance(held)) == {
        "account_type": "futures",
        "total_wallet_balance": "10000.00",
        "available_balance": "8500.00",
        "locked_balance": "1500.00",
        "unrealized_pnl": "125.50",
        "margin_balance": "10125.50",  # the document's 8625.50 is no sum of its own numbers' wallet and profit
        "assets": [
            {
                "asset": "USDT",
                "wallet_balance": "10000.00",
                "unrealized_pnl": "125.50",
                "margin_balance": "10125.50",
                "available_balance": "8500.00",
                "locked_balance": "1500.00",
            }
        ],
        "updated_at": "2025-09-18T09:00:00Z",
    }


@pytest.mark.parametrize(
    ("total", "locked", "shown"),
    [
        ("0", "0", ("0.00", "0.00", "0.00")),
        ("1", "0.4", ("1.00", "0.60", "0.40")),
        ("0.123456789", "0.1", ("0.12345679", "0.02345679", "0.10")),
        ("0.00000001", "0", ("0.00000001", "0.00000001", "0.00")),
        ("1E+12", "1E-8", (f"1{'0' * 12}.00", f"{'9' * 12}.99999999", "0.00000001")),
    ],
)
def test_a_currency_has_two_places_or_up_to_eight_that_it_needs(
    total: str, locked: str, shown: tuple[str, str, str]
) -> None:
    held = Asset(currency="BTC", total=Decimal(total), locked=Decimal(locked))
    (told,) = CRYPTO.answers(BALANCE, balance(held))["assets"]
    assert (told["wallet_balance"], told["available_balance"], told["locked_balance"]) == shown


def test_what_is_neither_free_nor_promised_is_in_the_wallet_alone() -> None:
    body = CRYPTO.answers(BALANCE, balance(wallet=Decimal(20900), available=Decimal(10000), locked=ZERO))
    shown = (body["total_wallet_balance"], body["available_balance"], body["locked_balance"])
    assert shown == ("20900.00", "10000.00", "0.00")


def test_a_loss_takes_from_the_margin() -> None:
    held = Asset(currency="BTC", total=Decimal("0.5"), unrealized_pnl=Decimal("-0.0123"))
    body = CRYPTO.answers(BALANCE, balance(held, unrealized_pnl=Decimal("-300.005"), locked=ZERO))
    assert (body["unrealized_pnl"], body["margin_balance"]) == ("-300.00", "9700.00")
    assert (body["assets"][0]["unrealized_pnl"], body["assets"][0]["margin_balance"]) == ("-0.0123", "0.4877")


def test_whoever_has_nothing_has_zeros_and_no_assets() -> None:
    body = CRYPTO.answers(BALANCE, PortfolioBalance(updated_at=NINE))
    assert body == {
        "account_type": "spot",
        **dict.fromkeys(("total_wallet_balance", "available_balance", "locked_balance"), "0.00"),
        **dict.fromkeys(("unrealized_pnl", "margin_balance"), "0.00"),
        "assets": [],
        "updated_at": "2025-09-18T09:00:00Z",
    }


def test_assets_keep_their_order() -> None:
    held = tuple(Asset(currency=name, total=Decimal(1)) for name in ("USDT", "BTC", "ETH"))
    assert [each["asset"] for each in CRYPTO.answers(BALANCE, balance(*held))["assets"]] == ["USDT", "BTC", "ETH"]


def test_the_last_thirty_days_are_asked_for_if_nothing_is_said() -> None:
    assert CRYPTO.asks(PERFORMANCE) == AskPerformance(period="30d", start=None, end=None)


@pytest.mark.parametrize("period", ["1d", "7d", "30d", "90d", "1y", "all"])
def test_a_period_is_one_of_the_documents_in_any_case(period: str) -> None:
    assert CRYPTO.asks(PERFORMANCE, query={"period": period}).period == period
    assert CRYPTO.asks(PERFORMANCE, query={"period": f" {period.upper()} "}).period == period


@pytest.mark.parametrize("period", ["", "2d", "30", "month", "30 d"])
def test_another_period_is_refused(period: str) -> None:
    assert CRYPTO.wrong(PERFORMANCE, query={"period": period}) == ["period"]


@pytest.mark.parametrize(
    "written", ["2025-08-18T00:00:00Z", "2025-08-18", "1755475200", 1755475200000, "2025-08-18T02:00:00+02:00"]
)
def test_ones_own_dates_are_written_in_any_form(written: Any) -> None:
    command = CRYPTO.asks(PERFORMANCE, query={"start_date": written, "end_date": "2025-09-18T09:00:00Z"})
    assert (command.start, command.end) == (datetime(2025, 8, 18, tzinfo=UTC), NINE)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2025-09-18", datetime(2025, 9, 19, tzinfo=UTC)),
        (" 2025-09-18 ", datetime(2025, 9, 19, tzinfo=UTC)),
        ("2025-09-18T00:00:00Z", datetime(2025, 9, 18, tzinfo=UTC)),
        ("1758153600", datetime(2025, 9, 18, tzinfo=UTC)),
    ],
)
def test_a_date_as_the_end_is_in_it(written: str, read: datetime) -> None:
    assert CRYPTO.asks(PERFORMANCE, query={"end_date": written}).end == read


@pytest.mark.parametrize(
    ("period", "start"),
    [
        ({"period": "7d"}, datetime(2025, 9, 11, 9, tzinfo=UTC)),
        ({"period": "1y"}, datetime(2024, 9, 18, 9, tzinfo=UTC)),
        ({"period": "all"}, None),
        ({}, None),
        ({"period": "7d", "start_date": "2025-09-17"}, datetime(2025, 9, 17, tzinfo=UTC)),
    ],
)
def test_a_period_with_an_end_of_ones_own_goes_up_to_that(period: dict[str, str], start: datetime | None) -> None:
    command = CRYPTO.asks(PERFORMANCE, query={**period, "end_date": "2025-09-18T09:00:00Z"})
    assert (command.start, command.end) == (start, NINE)


def test_a_period_may_begin_before_time_does() -> None:
    assert CRYPTO.asks(PERFORMANCE, query={"period": "1y", "end_date": "0001-01-02T00:00:00Z"}).start is None


def test_the_last_day_of_all_has_no_end() -> None:
    assert CRYPTO.wrong(PERFORMANCE, query={"end_date": "9999-12-31"}) == ["end_date"]


@pytest.mark.parametrize("name", ["start_date", "end_date"])
def test_what_is_no_date_is_refused_by_its_name(name: str) -> None:
    for written in ("", "yesterday", "2025-02-30", "0001-01-01T00:00:00+02:00"):
        assert CRYPTO.wrong(PERFORMANCE, query={name: written}) == [name]


def test_nobody_asks_for_anothers_portfolio() -> None:
    assert CRYPTO.asks(PERFORMANCE, query={"user_id": "7", "id": "7"}) == CRYPTO.asks(PERFORMANCE)


def test_a_performance_is_told_as_in_the_document() -> None:
    assert CRYPTO.answers(PERFORMANCE, performance()) == {
        "period": "30d",
        "start_date": "2025-08-18T00:00:00Z",
        "end_date": "2025-09-18T09:00:00Z",
        "initial_balance": "10000.00",
        "final_balance": "10875.50",
        "total_return": "8.76",
        "total_return_percentage": "8.76",
        "daily_returns": [
            {"date": "2025-09-18", "return": "1.25", "return_percentage": "0.12", "balance": "10875.50"},
        ],
        "metrics": {
            "sharpe_ratio": "1.85",
            "sortino_ratio": "2.12",
            "max_drawdown": "-3.25",
            "max_drawdown_percentage": "-3.25",
            "volatility": "15.8",
            "win_rate": "65.5",
            "profit_factor": "1.45",
        },
    }


@pytest.mark.parametrize(
    ("fraction", "rising", "falling"),
    [
        ("0", "0", "0"),
        ("1", "100", "-100"),
        ("0.05", "5", "-5"),
        ("0.00001", "0", "0"),
        ("0.333333", "33.33", "-33.33"),
    ],
)
def test_fractions_are_percents_and_a_drawdown_is_never_above_zero(fraction: str, rising: str, falling: str) -> None:
    did = dict.fromkeys(("total_return", "max_drawdown", "volatility", "win_rate"), Decimal(fraction))
    body = CRYPTO.answers(PERFORMANCE, performance(**did))
    assert (body["total_return"], body["total_return_percentage"]) == (rising, rising)
    told = body["metrics"]
    assert (told["volatility"], told["win_rate"]) == (rising, rising)
    assert (told["max_drawdown"], told["max_drawdown_percentage"]) == (falling, falling)


def test_a_loss_is_below_zero() -> None:
    day = DailyReturn(date=date(2025, 9, 1), profit=Decimal("-12.345"), fraction=Decimal("-0.1"), balance=ZERO)
    body = CRYPTO.answers(PERFORMANCE, performance(total_return=Decimal("-0.5"), days=(day,)))
    assert body["total_return"] == "-50"
    assert body["daily_returns"] == [
        {"date": "2025-09-01", "return": "-12.34", "return_percentage": "-10", "balance": "0.00"}
    ]


def test_what_was_never_traded_did_nothing() -> None:
    body = CRYPTO.answers(PERFORMANCE, Performance(start=NINE, end=NINE))
    assert body["daily_returns"] == []
    assert set(body["metrics"].values()) == {"0"}
    assert (body["initial_balance"], body["final_balance"], body["total_return"]) == ("0.00", "0.00", "0")


def test_everything_of_a_performance_is_text() -> None:
    body = kinds(CRYPTO.answers(PERFORMANCE, performance()))
    flat = [body.pop("metrics"), *body.pop("daily_returns"), body]
    assert {kind for each in flat for kind in each.values()} == {"str"}
