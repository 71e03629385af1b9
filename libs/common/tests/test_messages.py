"""Events are immutable facts that travel as JSON without losing a digit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from millrace.common.events.envelope import Envelope
from millrace.common.events.market import BookSeen, CandleClosed, CandleForming
from millrace.common.events.message import REGISTRY, Amount, Event, UnknownEvent, decode
from millrace.common.events.portfolio import BalanceChanged, MarkedPosition
from millrace.common.events.risk import KillSwitchChanged
from millrace.common.events.trading import OrderState, OrderUpdated
from millrace.common.kernel.market import Candle

AT = datetime(2026, 3, 1, tzinfo=UTC)
PRICES = (Decimal("1.10"), Decimal("2"), Decimal("1"), Decimal("1.5"), Decimal("0.001"))
CANDLE = Candle("binance", "BTC/USDT", "5m", AT, *PRICES)
amounts = st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**19), max_value=10**19)


def sent(event: Event, **changes: Any) -> Envelope:
    """The event as it travels."""
    fields = {"id": uuid4(), "type": event.type, "source": "test", "time": AT, "key": event.key}
    return Envelope(**{**fields, "body": event.model_dump_json().encode(), **changes})


def balance(total: Decimal = Decimal(1)) -> BalanceChanged:
    """An account's balance."""
    return BalanceChanged(user_id=UUID(int=1), account_id=UUID(int=2), currency="USDT", total=total, cause="x")


def candle(kind: type[CandleClosed] | type[CandleForming] = CandleClosed) -> CandleClosed | CandleForming:
    """A candle's event."""
    return kind.of(CANDLE)


@given(amounts)
def test_an_amount_keeps_every_digit_on_its_way(total: Decimal) -> None:
    found = decode(sent(balance(total))).event
    assert isinstance(found, BalanceChanged)
    assert found.total == total


@pytest.mark.parametrize(
    ("total", "text"),
    [("0E-18", "0"), ("0.001000000000000000", "0.001"), ("-1.50", "-1.5"), ("1E-8", "0.00000001"), ("1E+2", "100")],
)
def test_amounts_travel_as_plain_text(total: str, text: str) -> None:
    assert orjson.loads(balance(Decimal(total)).model_dump_json())["total"] == text


@pytest.mark.parametrize("kind", [*REGISTRY.values(), MarkedPosition], ids=lambda kind: kind.__name__)
def test_every_amount_of_every_event_travels_as_plain_text(kind: type[BaseModel]) -> None:
    for name, field in kind.model_fields.items():
        bare = str(field.rebuild_annotation()).replace(str(Amount), "")
        assert "Decimal" not in bare, f"{kind.__name__}.{name} is a Decimal and not an Amount"


def test_a_fact_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        balance().total = Decimal(2)


def test_a_newer_producers_optional_field_is_ignored() -> None:
    body = orjson.dumps({**orjson.loads(balance().model_dump_json()), "since_then": "more"})
    assert decode(sent(balance(), body=body)).event == balance()


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'{"total": "NaN"}', b"\xff", b'{"currency": "USDT"}'])
def test_a_broken_body_is_a_validation_error(body: bytes) -> None:
    with pytest.raises(ValidationError):
        decode(sent(balance(), body=body))


@pytest.mark.parametrize("total", ["NaN", "Infinity", "-Infinity", "1e", ""])
def test_an_amount_that_is_no_number_is_refused(total: str) -> None:
    body = orjson.dumps({**orjson.loads(balance().model_dump_json()), "total": total})
    with pytest.raises(ValidationError):
        decode(sent(balance(), body=body))


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(UnknownEvent, match=r"trading\.order_lost\.v1"):
        decode(sent(balance(), type="trading.order_lost.v1"))


def test_a_type_is_declared_once() -> None:
    with pytest.raises(TypeError, match="declared twice"):

        class Again(Event):
            type: ClassVar[str] = "portfolio.balance_changed.v1"
            topic: ClassVar[str] = "portfolio.v1"


def test_a_message_gives_handlers_the_time_and_id_of_its_envelope() -> None:
    envelope = sent(balance())
    message = decode(envelope)
    assert (message.at, message.id) == (envelope.time, envelope.id)


def test_what_is_of_a_user_carries_the_user_and_the_market_carries_nobody() -> None:
    assert balance().tenant == UUID(int=1)
    assert candle().tenant is None


def test_keys_keep_together_what_must_stay_in_order() -> None:
    assert balance().key == str(UUID(int=2))
    assert candle().key == "binance:BTC/USDT"
    assert candle(CandleForming).key == "binance:BTC/USDT:5m"
    everybody = KillSwitchChanged(scope="global", target="", active=True, reason="test", changed_at=AT)
    assert everybody.key == "global"


def test_a_candle_comes_back_from_its_event_as_it_was() -> None:
    found = decode(sent(candle())).event
    assert isinstance(found, CandleClosed)
    assert found.candle == CANDLE
    assert found.candle.closed_at == AT + timedelta(minutes=5)


def test_what_the_source_told_besides_is_no_part_of_a_candle_and_not_told_on() -> None:
    told = replace(CANDLE, quote_volume=Decimal(5), trades=7)
    assert (told, hash(told), repr(told)) == (CANDLE, hash(CANDLE), repr(CANDLE))
    assert CandleClosed.of(told) == CandleClosed.of(CANDLE)
    assert CandleClosed.of(told).candle.quote_volume is None


def test_the_levels_of_a_book_keep_price_and_quantity_apart() -> None:
    levels = ((Decimal("10.5"), Decimal("0.25")),)
    book = BookSeen(exchange="binance", symbol="BTC/USDT", bids=levels, asks=levels, last_update_id=7, at=AT)
    assert decode(sent(book)).event == book


def test_the_average_price_of_nothing_is_nothing() -> None:
    fields: dict[str, Any] = dict.fromkeys(("user_id", "account_id", "order_id", "intent_id"), UUID(int=1))
    fields |= {"client_order_id": "c", "source": "bot", "origin": "bot", "exchange": "binance", "symbol": "BTC/USDT"}
    fields |= {"side": "buy", "order_type": "market", "quantity": Decimal(2), "requested_at": AT, "updated_at": AT}
    fields |= {"state": OrderState.OPEN, "fees": Decimal(0), "version": 1}
    none = OrderUpdated(**fields, filled_quantity=Decimal(0), filled_notional=Decimal(0))
    half = OrderUpdated(**fields, filled_quantity=Decimal(1), filled_notional=Decimal("7.5"))
    assert none.average_price is None
    assert half.average_price == Decimal("7.5")


def test_importing_the_package_registers_every_event() -> None:
    assert {kind.__module__.rsplit(".", 1)[0] for kind in REGISTRY.values()} == {"millrace.common.events"}
    assert len(REGISTRY) > 20
