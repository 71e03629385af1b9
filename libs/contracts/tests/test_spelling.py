"""Times, numbers, ids and symbols, out and in."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from pydantic import BaseModel, ValidationError

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts import spelling
from millrace.contracts.spelling import Moment, Number

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)


class Asked(BaseModel):
    """A request with a time and a number."""

    at: Moment = NOON
    amount: Number = Decimal(0)


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-02T12:00:00Z",
        "2026-01-02T12:00:00",
        "2026-01-02T14:00:00+02:00",
        int(NOON.timestamp()),
        str(int(NOON.timestamp())),
        int(NOON.timestamp() * 1000),
        NOON.timestamp(),
        NOON.replace(tzinfo=None),
    ],
)
def test_every_way_to_write_a_time_is_read(written: object) -> None:
    assert Asked.model_validate({"at": written}).at == NOON


def test_a_date_is_its_first_instant() -> None:
    assert spelling.read_moment("2026-01-02") == NOON - timedelta(hours=12)


@pytest.mark.parametrize("written", ["soon", "", True, None, [], "1e400", "nan", "2026-13-01"])
def test_what_is_no_time_is_refused(written: object) -> None:
    with pytest.raises(ValidationError, match="must be a time"):
        Asked.model_validate({"at": written})


@pytest.mark.parametrize("written", ["0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-01:00", 10**18, -(10**14)])
def test_a_time_that_lies_outside_the_years_there_are_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="must be a time"):
        spelling.read_moment(written)


@pytest.mark.parametrize("written", ["0001-01-01T00:00:00Z", "0001-01-01T02:00:00+02:00"])
def test_the_first_instant_there_is_is_a_time(written: str) -> None:
    assert spelling.read_moment(written) == datetime(1, 1, 1, tzinfo=UTC)


def test_times_are_written_in_utc_to_the_second_or_the_millisecond() -> None:
    there = datetime(2026, 1, 2, 14, 0, 0, 123_900, tzinfo=timezone(timedelta(hours=2)))
    assert spelling.moment(there) == "2026-01-02T12:00:00Z"
    assert spelling.moment_ms(there) == "2026-01-02T12:00:00.123Z"


@pytest.mark.parametrize(("written", "read"), [("0.1", "0.1"), (0.1, "0.1"), (5, "5"), ("43250.00", "43250")])
def test_numbers_are_read_as_number_or_text(written: object, read: str) -> None:
    assert Asked.model_validate({"amount": written}).amount == Decimal(read)


@pytest.mark.parametrize("written", ["a", "NaN", "1e40", True, None, float("inf")])
def test_what_is_no_number_is_refused_with_the_reason(written: object) -> None:
    with pytest.raises(ValidationError, match=r"must be|is out of range"):
        Asked.model_validate({"amount": written})


def test_ids_are_numbers_or_uuids() -> None:
    name = UUID(int=7)
    assert spelling.read_ref("12", "bot") == 12
    assert spelling.read_ref(str(name), "bot") == name == spelling.read_ref(name, "bot")


@pytest.mark.parametrize("written", ["", "list", "-1", "1.5", "9" * 30, "١٢"])
def test_what_names_nothing_is_not_found(written: str) -> None:
    with pytest.raises(MillraceError) as refused:
        spelling.read_ref(written, "bot")
    assert (refused.value.code, refused.value.message) == (Code.NOT_FOUND, "bot not found")


@pytest.mark.parametrize(
    ("amount", "exchange", "symbol", "shown"),
    [
        ("43250", "binance", "BTC/USDT", "43250.00"),
        ("43250.500000000000000000", "binance", "BTC/USDT", "43250.50"),
        ("43250.1234", "binance", "BTC/USDT", "43250.1234"),
        ("900000", "luno", "BTC/ZAR", "900000"),
        ("1.5", "elsewhere", "A/B", "1.50"),
        ("0.00001234", "elsewhere", "A/B", "0.00001234"),
    ],
)
def test_prices_keep_their_markets_places_and_lose_nothing(amount: str, exchange: str, symbol: str, shown: str) -> None:
    assert spelling.price(Decimal(amount), exchange, symbol) == shown


def test_amounts_and_ratios() -> None:
    assert spelling.fixed(Decimal("10000")) == "10000.00"
    assert spelling.fixed(Decimal("0.125")) == "0.12"
    assert spelling.fixed(Decimal("1"), 0) == "1"
    assert spelling.fixed(Decimal("-0.001")) == "0.00", "no minus before a zero"
    assert spelling.fixed(Decimal("1E+25"), 8) == f"1{'0' * 25}.00000000"
    assert spelling.ratio(Decimal("1.850")) == "1.85"
    assert spelling.ratio(Decimal("12.5")) == "12.5"
    assert spelling.number(Decimal("43250.00")) == 43250.0


def test_fractions_are_percents_outside_and_drawdowns_may_point_down() -> None:
    assert spelling.percent(Decimal("0.085")) == Decimal("8.5")
    assert spelling.fraction(Decimal("8.5")) == Decimal("0.085")
    assert spelling.falling(Decimal("0.085")) == Decimal("-8.5")
    assert str(spelling.falling(Decimal(0))) == "0", "no minus before a zero"


@pytest.mark.parametrize("written", ["BTCUSDT", "btc-usdt", "BTC_USDT", "BTC/USDT"])
def test_symbols_are_read_in_any_spelling(written: str) -> None:
    assert spelling.canonical_symbol(written) == "BTC/USDT"


def test_a_symbol_is_told_as_its_user_wrote_it() -> None:
    assert spelling.joined("BTC/USDT") == "BTCUSDT"
    assert spelling.joined("BTC/USDT", "BTC-USDT") == "BTC-USDT"
    assert spelling.slashed("BTC/USDT") == "BTC/USDT"
    assert spelling.slashed("BTC/USDT", "btcusdt") == "btcusdt"
