"""Risk limits and alerts in contract botplatform."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from libs.contracts.tests.botplatform.cases import asked, row_of
from libs.contracts.tests.samples import ID, NOW, sample
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.botplatform import DIALECT
from millrace.contracts.canonical.frame import MOST, Page
from millrace.contracts.canonical.risk import CreateLimit, ListLimits, ListRiskEvents, RiskEvent, RiskLimit, RiskLimits
from millrace.contracts.names import Contract

CREATE, LIST, ALERTS = "POST /api/v1/risk/limits", "GET /api/v1/risk/limits", "GET /api/v1/risk/alerts"
NEW = {
    "limit_type": "POSITION_SIZE",
    "limit_value": 10000.00,
    "symbol": "BTCUSDT",
    "warning_threshold": 80.0,
    "critical_threshold": 95.0,
}


def answer(ask: str, result: Any) -> Any:
    """The body that a result becomes."""
    return row_of(DIALECT, ask).view.present(result, NOW)


def test_a_limit_is_an_amount_with_thresholds_in_percent() -> None:
    command = asked(DIALECT, CREATE, NEW)
    assert command == CreateLimit(
        limit_type="position_value",
        value=Decimal(10000),
        symbol="BTC/USDT",
        spelling="BTCUSDT",
        warning_threshold=Decimal("0.8"),
        critical_threshold=Decimal("0.95"),
        origin=Contract.BOTPLATFORM,
    )


def test_thresholds_and_symbol_may_be_missing() -> None:
    command = asked(DIALECT, CREATE, {"limit_type": "DAILY_LOSS", "limit_value": "500.50"})
    assert (command.limit_type, command.value) == ("daily_loss", Decimal("500.5"))
    assert (command.warning_threshold, command.critical_threshold) == (Decimal("0.8"), Decimal("0.95"))
    assert (command.symbol, command.spelling) == (None, None)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("POSITION_SIZE", "position_value"),
        ("position_size", "position_value"),
        ("max_position_size", "position_value"),
        ("DAILY_LOSS", "daily_loss"),
        ("daily_loss_limit", "daily_loss"),
        ("DRAWDOWN", "drawdown"),
        ("max_drawdown", "drawdown"),
    ],
)
def test_a_limits_kind_is_read_in_any_contracts_word(word: str, kind: str) -> None:
    assert asked(DIALECT, CREATE, {"limit_type": word, "limit_value": 20}).limit_type == kind


def test_a_drawdown_is_in_percent_both_ways() -> None:
    assert asked(DIALECT, CREATE, {"limit_type": "DRAWDOWN", "limit_value": 12.5}).value == Decimal("0.125")
    body = answer(CREATE, sample(RiskLimit, limit_type="drawdown", value=Decimal("0.125")))
    assert (body["limit_type"], body["limit_value"]) == ("DRAWDOWN", "12.50")


@pytest.mark.parametrize("value", [100.01, 1000])
def test_a_drawdown_above_the_whole_is_refused(value: float) -> None:
    with pytest.raises(MillraceError) as refused:
        asked(DIALECT, CREATE, {"limit_type": "DRAWDOWN", "limit_value": value})
    assert (refused.value.code, list(refused.value.fields)) == (Code.VALIDATION_ERROR, ["limit_value"])


def test_a_warning_does_not_come_after_the_critical_point() -> None:
    with pytest.raises(MillraceError) as refused:
        asked(DIALECT, CREATE, {**NEW, "warning_threshold": 96})
    assert refused.value.fields == {"warning_threshold": "must not be above critical_threshold"}
    assert asked(DIALECT, CREATE, {**NEW, "warning_threshold": 95}).warning_threshold == Decimal("0.95")


def test_a_limit_of_nothing_at_all_may_be_set() -> None:
    assert asked(DIALECT, CREATE, {"limit_type": "DAILY_LOSS", "limit_value": 0}).value == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit_type": "SPEED"},
        {"limit_type": None},
        {"limit_value": -1},
        {"limit_value": "much"},
        {"limit_value": "1e20"},
        {"warning_threshold": 101},
        {"critical_threshold": -1},
        {"symbol": ""},
    ],
    ids=str,
)
def test_a_limit_is_bounded(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        asked(DIALECT, CREATE, {**NEW, **wrong})
    assert [error["loc"] for error in refused.value.errors()] == [tuple(wrong)]


def test_what_is_no_pair_is_refused() -> None:
    with pytest.raises(MillraceError, match="is not a trading pair"):
        asked(DIALECT, CREATE, {**NEW, "symbol": "BTC"})


@pytest.mark.parametrize(
    ("kind", "word", "value", "text"),
    [
        ("position_value", "POSITION_SIZE", "10000", "10000.00"),
        ("daily_loss", "DAILY_LOSS", "500.5", "500.50"),
        ("drawdown", "DRAWDOWN", "0.1", "10.00"),
        ("drawdown", "DRAWDOWN", "0.12345", "12.345"),
        ("position_value", "POSITION_SIZE", "0.005", "0.005"),
    ],
)
def test_a_limit_is_told_as_text(kind: str, word: str, value: str, text: str) -> None:
    body = answer(CREATE, sample(RiskLimit, limit_type=kind, value=Decimal(value)))
    assert body == {
        "id": str(ID),
        "user_id": str(ID),
        "limit_type": word,
        "limit_value": text,
        "enabled": True,
        "created_at": "2026-01-02T03:04:05Z",
    }


def test_limits_are_a_bare_list_of_what_the_user_made() -> None:
    own = sample(RiskLimit, source="user", value=Decimal(7))
    found = sample(RiskLimits, items=(sample(RiskLimit, source="system"), own, own))
    assert asked(DIALECT, LIST) == ListLimits(own=True)
    assert answer(LIST, found) == [answer(CREATE, own)] * 2


def test_every_list_can_be_read_in_stretches() -> None:
    stretch = {"limit": "2", "offset": "3"}
    assert asked(DIALECT, LIST, query=stretch) == ListLimits(own=True, limit=2, offset=3)
    assert asked(DIALECT, ALERTS, query=stretch) == ListRiskEvents(limit=2, offset=3, active=True)
    with pytest.raises(ValidationError):
        asked(DIALECT, LIST, query={"limit": "101"})


def test_a_new_user_has_no_limits() -> None:
    assert answer(LIST, sample(RiskLimits, items=(sample(RiskLimit, source="system"),))) == []


def test_alerts_are_told_without_pages() -> None:
    assert asked(DIALECT, ALERTS) == ListRiskEvents(limit=MOST, active=True)
    assert answer(ALERTS, Page[RiskEvent]()) == {"alerts": []}


@pytest.mark.parametrize(
    ("event", "severity", "word", "said"),
    [
        ("position_value", "medium", "POSITION_SIZE_WARNING", "warning"),
        ("position_value", "critical", "POSITION_SIZE_CRITICAL", "critical"),
        ("daily_loss", "high", "DAILY_LOSS_CRITICAL", "critical"),
        ("drawdown", "low", "DRAWDOWN_WARNING", "warning"),
        ("position_limit_exceeded", "high", "POSITION_LIMIT_EXCEEDED", "critical"),
    ],
)
def test_an_alert_says_which_limit_and_how_near(event: str, severity: str, word: str, said: str) -> None:
    found = Page[RiskEvent](items=(sample(RiskEvent, event_type=event, severity=severity),), total=1)
    (alert,) = answer(ALERTS, found)["alerts"]
    assert (alert["alert_type"], alert["severity"]) == (word, said)


def test_an_alert_has_both_values_as_text_in_the_limits_unit() -> None:
    money = sample(RiskEvent, event_type="position_value", current_value=Decimal(8500), limit_value=Decimal(10000))
    fall = sample(RiskEvent, event_type="drawdown", current_value=Decimal("0.085"), limit_value=Decimal("0.1"))
    fine = sample(RiskEvent, event_type="position_value", current_value=Decimal("7.126"), limit_value=Decimal("7.125"))
    alerts = answer(ALERTS, Page[RiskEvent](items=(money, fall, fine), total=3))["alerts"]
    told = [("8500.00", "10000.00"), ("8.50", "10.00"), ("7.13", "7.125")]
    assert [(a["current_value"], a["limit_value"]) for a in alerts] == told
    assert alerts[0]["triggered_at"] == "2026-01-02T03:04:05Z"
