"""Limits in canonical words, and what happened near them."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.contracts.canonical import risk
from millrace.contracts.names import Contract
from millrace.gateway.app.operations import HANDLERS
from millrace.risk.api.schemas import AlertView, ChangeLimit, Composed, Effective, NewLimit
from services.gateway.tests import rows
from services.gateway.tests.fakes import AT, NOW, ONE, USER, Services, asking, told

LIMITS, EFFECTIVE = "risk GET /limits", "risk GET /limits/effective"


def effective(**changes: Any) -> Any:
    given = {"max_position_value": "5000", "max_daily_loss": "100", "max_daily_loss_fraction": None}
    more = {"max_drawdown": "0.2", "max_open_orders": 10, "updated_at": None, "last_contract": None}
    return told(Effective, **given | more | changes)


def listed(*limits: Any, last: str | None = None) -> dict[str, Any]:
    return {"items": list(limits), "total": len(limits), "last_contract": last}


async def do(operation: str, services: Services, wish: Any) -> Any:
    return await HANDLERS[operation](asking(services), wish)


async def test_all_that_holds_is_told_with_the_strictest_of_each() -> None:
    every = listed(rows.limit(), rows.limit(num=6, limit_type="open_orders"), rows.limit(num=7, source="system"))
    services = Services({LIMITS: {**every, "last_contract": "crypto"}, EFFECTIVE: effective()})
    found = await do("risk.limits", services, risk.ListLimits())
    assert [limit.num for limit in found.items] == [5, 7], "what no contract knows is left out"
    assert (found.max_position_value, found.max_daily_loss, found.max_drawdown) == (5000, 100, Decimal("0.2"))
    assert (found.origin, found.updated_at) == (Contract.CRYPTO, NOW)


async def test_a_stretch_of_ones_own_limits_is_told() -> None:
    every = [rows.limit(num=1, source="system"), *(rows.limit(num=number) for number in (2, 3, 4, 5))]
    services = Services({LIMITS: listed(*every), EFFECTIVE: effective()})
    found = await do("risk.limits", services, risk.ListLimits(own=True, limit=2, offset=1))
    assert [limit.num for limit in found.items] == [3, 4]
    found = await do("risk.limits", services, risk.ListLimits(own=True, offset=3))
    assert [limit.num for limit in found.items] == [5]


async def test_a_limit_is_told_in_fractions() -> None:
    services = Services({LIMITS: listed(rows.limit()), EFFECTIVE: effective()})
    (limit,) = (await do("risk.limits", services, risk.ListLimits())).items
    assert (limit.value, limit.current_value, limit.utilization) == (Decimal("0.2"), Decimal("0.05"), Decimal("0.25"))
    assert (limit.warning_threshold, limit.critical_threshold) == (Decimal("0.8"), Decimal("0.95"))
    assert (limit.user_id, limit.enabled, limit.source) == (USER, True, "user")


@pytest.mark.parametrize(("said", "limits"), [(AT, ()), (None, ())])
async def test_when_it_last_changed_is_always_told(said: str | None, limits: Any) -> None:
    services = Services({LIMITS: listed(*limits), EFFECTIVE: effective(updated_at=said)})
    assert (await do("risk.limits", services, risk.ListLimits())).updated_at == NOW


async def test_a_new_limit_is_sent_in_the_services_units() -> None:
    services = Services({"risk POST /limits": rows.limit(limit_type="position_value", symbol="BTC/USDT")})
    wish = risk.CreateLimit(
        limit_type="position_value",
        value=Decimal(5000),
        symbol="BTC/USDT",
        spelling="BTCUSDT",
        warning_threshold=Decimal("0.7"),
        origin=Contract.BOTPLATFORM,
    )
    found = await do("risk.create_limit", services, wish)
    assert services.last["json"] == {
        "limit_type": "position_value",
        "limit_value": Decimal(5000),
        "symbol": "BTC/USDT",
        "warning_threshold": Decimal(70),
        "critical_threshold": Decimal(95),
        "contract": "botplatform",
    }
    NewLimit.model_validate(services.last["json"])
    assert found.spelling == "BTCUSDT"


@pytest.mark.parametrize("ref", [5, UUID(ONE)])
@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [("drawdown", Decimal(15), Decimal("0.15")), ("position_value", Decimal(15), Decimal(15))],
)
async def test_a_changed_value_is_a_percent_where_it_is_a_drawdowns(ref: Any, kind: str, value: Any, sent: Any) -> None:
    known = listed(rows.limit(num=99, id=UUID(int=9), limit_type="daily_loss"), rows.limit(limit_type=kind))
    services = Services({LIMITS: known, f"risk PATCH /limits/{ref}": rows.limit(limit_type=kind)})
    await do("risk.update_limit", services, risk.UpdateLimit(id=ref, value=value, origin=Contract.CRYPTO))
    assert services.last["json"] == {"enabled": None, "contract": "crypto", "limit_value": sent}


async def test_a_limit_that_is_only_switched_is_not_looked_for() -> None:
    services = Services({"risk PATCH /limits/5": rows.limit(enabled=False)})
    found = await do("risk.update_limit", services, risk.UpdateLimit(id=5, enabled=False, origin=Contract.CRYPTO))
    assert (services.calls, found.enabled) == ([("risk", "PATCH", "/limits/5")], False)
    assert services.last["json"] == {"enabled": False, "contract": "crypto"}
    ChangeLimit.model_validate(services.last["json"])


async def test_a_limit_of_somebody_else_is_not_there() -> None:
    absent = not_found("limit")
    services = Services({LIMITS: listed(), "risk PATCH /limits/5": absent})
    with pytest.raises(MillraceError) as refused:
        await do("risk.update_limit", services, risk.UpdateLimit(id=5, value=Decimal(1), origin=Contract.CRYPTO))
    assert refused.value is absent


async def test_three_limits_are_set_at_once_and_then_told() -> None:
    services = Services({"risk PUT /limits/effective": effective(), LIMITS: listed(), EFFECTIVE: effective()})
    wish = risk.SetLimits(
        max_position_value=Decimal(1),
        max_daily_loss=Decimal(2),
        max_drawdown=Decimal("0.3"),
        origin=Contract.INTERFACES,
    )
    found = await do("risk.set_limits", services, wish)
    (sent,) = services.to("risk", "PUT", "/limits/effective")
    assert sent["json"] == {
        "max_position_value": Decimal(1),
        "max_daily_loss": Decimal(2),
        "max_drawdown": Decimal("0.3"),
        "contract": "interfaces",
    }
    Composed.model_validate(sent["json"])
    assert found.max_position_value == 5000, "the system's own limits hold too"


def event(**changes: Any) -> Any:
    given = {"id": ONE, "num": 8, "account_id": None, "alert_type": "drawdown", "severity": "warning", "level": "high"}
    more = {"message": "near", "symbol": None, "current_value": "0.19", "limit_value": "0.2", "action_taken": "none"}
    return told(AlertView, **given | more | {"triggered_at": AT} | changes)


@pytest.mark.parametrize(
    ("wish", "query"),
    [
        ({}, {"level": None, "since": None, "until": None, "limit": 50, "offset": 0}),
        (
            {"severities": ("high", "critical"), "start": NOW, "end": NOW, "limit": 5000, "offset": 1},
            {
                "level": ["high", "critical"],
                "since": NOW.isoformat(),
                "until": NOW.isoformat(),
                "limit": 1000,
                "offset": 1,
            },
        ),
    ],
)
async def test_events_are_listed_as_asked(wish: dict[str, Any], query: dict[str, Any]) -> None:
    services = Services({"risk GET /alerts": rows.page(event(), event(current_value=None, limit_value=None), total=9)})
    found = await do("risk.events", services, risk.ListRiskEvents(**wish))
    assert services.last["query"] == query
    first, second = found.items
    assert (first.event_type, first.severity, first.current_value, first.at) == (
        "drawdown",
        "high",
        Decimal("0.19"),
        NOW,
    )
    assert (second.current_value, second.limit_value, found.total) == (0, 0, 9)


@pytest.mark.parametrize("operation", ["risk.limits", "risk.events"])
async def test_a_risk_service_that_is_away_is_told(operation: str) -> None:
    away = MillraceError(Code.UNAVAILABLE, "away")
    wish = risk.ListLimits() if operation == "risk.limits" else risk.ListRiskEvents()
    with pytest.raises(MillraceError) as refused:
        await do(operation, Services({LIMITS: away, "risk GET /alerts": away}), wish)
    assert refused.value is away
