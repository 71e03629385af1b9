"""What an alert says: read from text, in any case, every wrong field named; and whose it is."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from millrace.bots.domain.alerts import Secrets, check_fresh, hashed, named_bot, read, signed
from millrace.common.kernel.errors import MillraceError
from services.bots.tests import floor

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
USER = UUID(int=7)


def test_the_documents_body_is_read_whole() -> None:
    alert = read(floor.signal(side="BUY", order_type="LIMIT", price="19999.5", takeprofit="21000", leverage="10"))
    assert (alert.bot, alert.symbol, alert.side, alert.order_type) == ("Alpha", "BTCUSDT", "buy", "limit")
    assert (alert.size, alert.price) == (Decimal("0.01"), Decimal("19999.5"))
    assert (alert.leverage, alert.take_profit, alert.given_id) == (10, 21000, None)


@pytest.mark.parametrize("nothing", ["", None, "0", 0])
def test_no_take_profit_is_said_in_many_ways(nothing: Any) -> None:
    assert read(floor.signal(takeprofit=nothing)).take_profit is None


def test_numbers_may_be_numbers_and_what_is_not_known_is_passed_over() -> None:
    alert = read(floor.signal(size=Decimal("0.5"), ticker="BINANCE:BTCUSDT", id=17))
    assert (alert.size, alert.given_id) == (Decimal("0.5"), "17")


@pytest.mark.parametrize(
    ("field", "terms"),
    [
        ("botname", {"botname": " "}),
        ("botname", {"botname": ["Alpha"]}),
        ("symbol", {"symbol": None}),
        ("side", {"side": "short"}),
        ("order_type", {"order_type": "stop"}),
        ("size", {"size": "0"}),
        ("size", {"size": "-1"}),
        ("size", {"size": "all"}),
        ("size", {"size": "NaN"}),
        ("size", {"size": True}),
        ("price", {"order_type": "limit", "price": "-1"}),
        ("leverage", {"leverage": "126"}),
        ("takeprofit", {"takeprofit": "soon"}),
        ("takeprofit", {"takeprofit": "3", "side": "sell"}),
        ("timestamp", {"timestamp": "yesterday"}),
        ("timestamp", {"timestamp": "-5"}),
        ("id", {"id": "x" * 101}),
    ],
)
def test_a_wrong_field_is_named(field: str, terms: dict[str, Any]) -> None:
    with pytest.raises(MillraceError) as refused:
        read(floor.signal(**terms))
    assert (refused.value.code, set(refused.value.fields)) == ("VALIDATION_ERROR", {field})


@pytest.mark.parametrize("body", [[], "buy", 7, None])
def test_what_is_no_object_is_no_alert(body: Any) -> None:
    with pytest.raises(MillraceError, match="must be a JSON object"):
        read(body)
    assert named_bot(body) is None


@pytest.mark.parametrize(
    "told", ["2026-01-01T12:00:00Z", "2026-01-01T12:00:00", "2026-01-01T13:00:00+01:00", "1767268800", 1767268800000]
)
def test_a_time_is_read_in_the_forms_there_are(told: Any) -> None:
    assert read(floor.signal(timestamp=told)).sent_at == NOW


@pytest.mark.parametrize(("seconds", "fresh"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_an_alert_is_fresh_for_so_long(seconds: int, fresh: bool) -> None:
    alert = read(floor.signal(timestamp=(NOW - timedelta(seconds=seconds)).isoformat()))
    if fresh:
        check_fresh(alert, NOW, timedelta(seconds=300))
        return
    with pytest.raises(MillraceError, match="more than 300 seconds away"):
        check_fresh(alert, NOW, timedelta(seconds=300))


def test_a_secret_is_made_again_of_master_key_user_and_salt() -> None:
    secrets = Secrets(b"m" * 32)
    secret = secrets.of(USER, b"salt")
    assert secret == Secrets(b"m" * 32).of(USER, b"salt")
    others = [Secrets(b"n" * 32).of(USER, b"salt"), secrets.of(UUID(int=8), b"salt"), secrets.of(USER, b"other")]
    assert len({secret, *others}) == 4
    assert secret.startswith("mra_")
    assert len(secret) > 40
    assert hashed(secret) != hashed(others[0])


def test_a_signature_is_over_the_bodys_own_bytes() -> None:
    good = floor.signed("secret", b'{"a": 1}')
    assert signed("secret", b'{"a": 1}', good)
    assert signed("secret", b'{"a": 1}', f" sha256={good.upper()} ".replace("SHA256", "sha256"))
    for raw, signature in ((b'{"a":1}', good), (b'{"a": 1}', good[:-1]), (b'{"a": 1}', ""), (b'{"a": 1}', "é")):
        assert not signed("secret", raw, signature)
    assert not signed("other", b'{"a": 1}', good)
