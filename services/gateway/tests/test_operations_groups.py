"""Groups of accounts: members, limits, reports, and orders for all of one."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from starlette.requests import Request
from starlette.responses import Response

from millrace.common.events.trading import OrderType, Side
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.contracts.application import members
from millrace.contracts.canonical import accounts
from millrace.contracts.canonical.frame import ById, Listing
from millrace.contracts.canonical.performance import AskPerformance
from millrace.contracts.canonical.trading import ExecuteForGroup
from millrace.gateway.app.operations import HANDLERS
from services.gateway.tests import rows
from services.gateway.tests.fakes import AT, INTENT, NOW, ONE, THREE, TRADER, TWO, Once, Services, asking, backend

GROUP = f"/groups/{THREE}"
LIMITS = f"risk PUT {GROUP}/limits"
CHECK = "risk POST /groups/limits/check"
BY_ID = ById(id=UUID(THREE))


def services(*members: str, **answers: Any) -> Services:
    """A group with these accounts, known everywhere."""
    given = {
        f"execution GET {GROUP}": rows.group(*members),
        "portfolio GET /performance": rows.performance(),
        "portfolio GET /balance": rows.balance(),
        LIMITS: {"items": [], "total": 0, "last_contract": None},
    }
    known = {f"execution GET /accounts/{one}": rows.account(one) for one in members}
    return Services({**given, **known, **answers})


async def do(operation: str, around: Services, wish: Any, **changes: Any) -> Any:
    return await HANDLERS[operation](asking(around, **changes), wish)


async def test_a_group_is_told_with_how_its_accounts_did_together() -> None:
    around = services(ONE, TWO)
    around.answers[f"execution GET /accounts/{TWO}"] = rows.account(
        TWO, ws_status={"connected": False, "venue": "none", "markets": 0}
    )
    found = await do("groups.get", around, BY_ID)
    assert around.to("portfolio", "GET", "/performance")[0]["query"] == {
        "account_id": [ONE, TWO],
        "period": "all",
        "currency": "USDT",
    }
    assert (found.accounts, found.stream) == ((ONE, TWO), {"connected": 1, "total": 2})
    assert (found.max_drawdown, found.monthly_target, found.risk_limit) == (
        Decimal("0.25"),
        Decimal("0.05"),
        Decimal("0.02"),
    )
    assert found.performance["total_return"] == 5.0


async def test_an_empty_group_asks_nobody_and_did_nothing() -> None:
    around = services()
    found = await do("groups.get", around, BY_ID)
    assert (found.performance, found.stream, len(around.calls)) == ({}, {"connected": 0, "total": 0}, 1)


async def test_groups_are_listed_by_pages() -> None:
    around = services(**{"execution GET /groups": rows.page(rows.group(), total=3)})
    found = await do("groups.list", around, Listing(limit=1, offset=1))
    assert around.sent[0]["query"] == {"limit": 1, "offset": 1}
    assert (found.total, found.items[0].name) == (3, "both")


@pytest.mark.parametrize(
    ("operation", "wish", "asked"),
    [
        (
            "groups.create",
            accounts.SetGroup(name="g", accounts=(UUID(ONE),), risk_limit=Decimal("0.25")),
            (
                *("POST", "/groups"),
                {"name": "g", "accounts": [UUID(ONE)], "risk_limit": Decimal("0.25"), "intent_id": INTENT},
            ),
        ),
        (
            "groups.update",
            accounts.SetGroup(id=UUID(THREE), monthly_target=Decimal("0.05"), risk_limit=Decimal(0)),
            ("PATCH", GROUP, {"target_monthly_roi": Decimal("0.05"), "risk_limit": Decimal(0)}),
        ),
        ("groups.update", accounts.SetGroup(id=UUID(THREE), accounts=()), ("PATCH", GROUP, {"accounts": []})),
    ],
)
async def test_a_groups_limits_hold_from_the_change_on(operation: str, wish: Any, asked: Any) -> None:
    method, path, sent = asked
    around = services(ONE, **{f"execution {method} {path}": rows.group(ONE)})
    await do(operation, around, wish, intent=INTENT)
    assert around.calls[0] == ("execution", method, path)
    assert around.sent[0]["json"] == sent
    assert around.calls[1] == ("risk", "PUT", f"{GROUP}/limits")
    assert around.sent[1]["json"] == {"account_ids": [ONE], "max_drawdown": "0.25", "risk_limit": "0.02"}


@pytest.mark.parametrize(("method", "path"), [("POST", "/groups"), ("PATCH", GROUP)])
async def test_nothing_is_made_or_changed_before_risk_allows_the_limit(method: str, path: str) -> None:
    too_much = MillraceError(Code.VALIDATION_ERROR, "too much", fields={"max_drawdown": "too much"})
    answers: dict[str, Any] = {
        "risk POST /groups/limits/check": too_much,
        f"execution {method} {path}": rows.group(ONE),
    }
    around, most = services(ONE, **answers), Decimal("0.6")
    wish = accounts.SetGroup(name="g", id=None if method == "POST" else UUID(THREE), max_drawdown=most)
    operation = "groups.create" if method == "POST" else "groups.update"
    with pytest.raises(MillraceError, match="too much"):
        await do(operation, around, wish)
    assert around.calls == [("risk", "POST", "/groups/limits/check")]
    assert around.sent[0]["json"] == {"max_drawdown": most}
    around.answers[CHECK] = None
    await do(operation, around, wish)
    assert around.to("execution", method, path)
    assert around.to("risk", "PUT", f"{GROUP}/limits")


def keyed() -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    headers = [(b"idempotency-key", b"k")]
    return Request({"type": "http", "method": "POST", "path": "/g", "query_string": b"", "headers": headers}, receive)


async def test_a_group_that_risk_cannot_hold_yet_is_completed_by_the_same_key() -> None:
    answers = iter([not_found("account")])
    around = services(ONE, **{"execution POST /groups": rows.group(ONE), LIMITS: lambda _: next(answers, {})})
    once = Once()
    door = backend(around, once)

    async def create(intent: UUID | None) -> Response:
        await do("groups.create", around, accounts.SetGroup(name="g", accounts=(UUID(ONE),)), intent=intent)
        return Response("made", 201)

    with pytest.raises(MillraceError, match="the group exists") as refused:
        await door.once(keyed(), TRADER, create)
    assert (refused.value.code, refused.value.retry_after, once.kept) == (Code.UNAVAILABLE, 1, [])
    assert (await door.once(keyed(), TRADER, create)).status_code == 201
    first, again = around.to("execution", "POST", "/groups")
    assert first["json"]["intent_id"] == again["json"]["intent_id"] == INTENT
    assert len(around.to("risk", "PUT", f"{GROUP}/limits")) == 2


async def test_a_group_that_is_gone_limits_nothing() -> None:
    around = services(**{f"execution DELETE {GROUP}": None})
    assert (await do("groups.delete", around, BY_ID)).subject == THREE
    (sent,) = around.to("risk", "PUT", f"{GROUP}/limits")
    assert sent["json"] == {"account_ids": []}
    assert around.calls[-1] == ("execution", "DELETE", GROUP), "a retry must find the group whose limits were not ended"


async def test_how_a_group_did_is_about_its_accounts_and_no_others() -> None:
    around = services(ONE, TWO)
    found = await do("groups.performance", around, AskPerformance(id=UUID(THREE), period="7d"))
    assert around.last["query"]["account_id"] == [UUID(ONE), UUID(TWO)]
    assert around.last["query"]["currency"] == "USDT", "whichever account comes first"
    assert found.subject == THREE


async def test_a_group_without_accounts_has_earned_nothing_since_it_was_made() -> None:
    around = services()
    found = await do("groups.performance", around, AskPerformance(id=UUID(THREE)))
    assert (found.subject, found.start, found.end) == (THREE, datetime.fromisoformat(AT), NOW)
    assert (found.final_balance, found.days) == (0, ())
    asked = AskPerformance(id=UUID(THREE), start=NOW - timedelta(days=2), end=NOW - timedelta(days=1))
    found = await do("groups.performance", around, asked)
    assert (found.start, found.end) == (asked.start, asked.end)
    past = await do("groups.history", around, accounts.AskHistory(id=UUID(THREE), interval="week"))
    assert (past.points, past.start, past.end) == ((), NOW - timedelta(days=30), NOW)
    assert {service for service, _, _ in around.calls} == {"execution"}, "of no account nobody knows, of all is wrong"


async def test_its_metrics_are_percents_in_the_contracts_own_names() -> None:
    limits = [
        rows.limit(limit_type="drawdown", limit_value="0.25", current_value="0.05", utilization="0.2"),
        rows.limit(limit_type="daily_loss_fraction", limit_value="0.02", current_value="0", utilization="0"),
    ]
    around = services(ONE, **{f"risk GET {GROUP}/limits": {"items": limits, "total": 2, "last_contract": None}})
    found = await do("groups.metrics", around, BY_ID)
    assert found.risk == {
        "max_drawdown": {"limit": 25.0, "current": 5.0, "utilization": 20.0},
        "risk_limit": {"limit": 2.0, "current": 0.0, "utilization": 0.0},
    }
    assert found.stream == {"connected": 1, "total": 1}
    assert found.balances == {ONE: {"currency": "USDT", "balance": 9000.0, "equity": 9605.0}}
    assert around.last["query"] == {"account_id": ONE, "currency": "USDT"}


async def test_its_past_is_told_step_by_step() -> None:
    item = {"start": "2026-01-01", "end": "2026-01-07", "opening": "1", "balance": "1050", "flow": "0"}
    answer = {"interval": "week", "items": [{**item, "gained": "50", "fraction": "0.05"}]}
    around = services(ONE, **{"portfolio GET /performance/history": answer})
    found = await do("groups.history", around, accounts.AskHistory(id=UUID(THREE), interval="week"))
    month = (NOW - timedelta(days=30)).isoformat()
    dates = {"start_date": month, "end_date": NOW.isoformat()}
    assert around.last["query"] == {"account_id": [ONE], "interval": "week", "currency": "USDT", **dates}
    assert found.points == ({"date": "2026-01-01", "balance": 1050.0, "profit": 50.0, "return": 5.0},)


async def test_the_month_before_a_given_end_is_the_default() -> None:
    around = services(ONE, **{"portfolio GET /performance/history": {"interval": "day", "items": []}})
    end = NOW - timedelta(days=90)
    found = await do("groups.history", around, accounts.AskHistory(id=UUID(THREE), end=end))
    assert (found.start, found.end, found.points) == (end - timedelta(days=30), end, ())


def joined(*done: str, failed: tuple[Any, ...] = ()) -> dict[str, Any]:
    return {"success": list(done), "failed": list(failed), "group": rows.group(*done)}


async def test_each_account_that_joins_or_not_is_told_of_with_a_code() -> None:
    elsewhere = {"account_id": TWO, "code": "CONFLICT", "message": "is in another group"}
    around = services(ONE, **{f"execution POST {GROUP}/accounts": joined(ONE, failed=(elsewhere,))})
    wish = accounts.GroupMembers(id=UUID(THREE), accounts=(UUID(ONE), UUID(TWO), 17))
    found = await do("groups.add", around, wish)
    assert around.sent[0]["json"] == {"account_ids": [UUID(ONE), UUID(TWO)]}
    assert found.done == (ONE,)
    assert found.failed == (
        {"account_id": TWO, "code": "CONFLICT", "error": "is in another group"},
        {"account_id": "17", "code": "NOT_FOUND", "error": "account not found"},
    )
    assert around.to("risk", "PUT", f"{GROUP}/limits"), "the limits hold for whoever joined"


@pytest.mark.parametrize(
    ("ref", "failure", "code", "status"),
    [
        (UUID(ONE), {"account_id": ONE, "code": "CONFLICT", "message": "is in another group"}, Code.CONFLICT, 409),
        (UUID(ONE), {"account_id": ONE, "code": "NOT_FOUND", "message": "account not found"}, Code.NOT_FOUND, 404),
        (17, None, Code.NOT_FOUND, 404),
    ],
)
async def test_a_single_account_that_cannot_join_is_an_error(ref: Any, failure: Any, code: Code, status: int) -> None:
    failed = (failure,) if failure else ()
    around = services(**{f"execution POST {GROUP}/accounts": joined(failed=failed)})
    found = await do("groups.add", around, accounts.GroupMembers(id=UUID(THREE), accounts=(ref,)))
    view = next(row.view for row in members.ROWS if row.method == "POST" and "{account_id}" in row.path)
    with pytest.raises(MillraceError) as refused:
        view.present(found, NOW)
    assert (refused.value.code, refused.value.status) == (code, status)


async def test_accounts_leave_and_the_limits_with_them() -> None:
    answers = {f"execution DELETE {GROUP}/accounts/{one}": rows.group(TWO) for one in (ONE, TWO)}
    around = services(TWO, **answers)
    found = await do("groups.remove", around, accounts.GroupMembers(id=UUID(THREE), accounts=(UUID(ONE),)))
    assert (found.done, found.group.accounts) == ((ONE,), (TWO,))
    assert around.to("risk", "PUT", f"{GROUP}/limits")[0]["json"]["account_ids"] == [TWO]


def order(**changes: Any) -> ExecuteForGroup:
    given = {"group_id": UUID(THREE), "symbol": "BTC/USDT", "spelling": "BTCUSDT", "side": Side.BUY}
    return ExecuteForGroup(order_type=OrderType.MARKET, risk=Decimal("0.02"), **given | changes)


async def test_one_order_for_each_account_is_told_leg_by_leg() -> None:
    answer = rows.execution(rows.leg(0, ONE), rows.failed(1, TWO, message="no equity"))
    around = services(**{f"execution POST {GROUP}/orders": answer})
    wish = order(leverage=Decimal(3), take_profit=Decimal(70000))
    found = await do("groups.execute", around, wish, intent=INTENT)
    assert around.last["json"] == {
        "intent_id": INTENT,
        "symbol": "BTCUSDT",
        "side": "buy",
        "order_type": "market",
        "risk_fraction": Decimal("0.02"),
        "leverage": Decimal(3),
        "take_profit": Decimal(70000),
    }
    assert (found.correlation_id, found.success_count, found.error_count) == (TWO, 1, 1)
    good, bad = found.results
    assert good == {
        "account_id": ONE,
        "symbol": "BTCUSDT",
        "success": True,
        "order_id": ONE,
        "status": "open",
        "quantity": "0.5",
    }
    assert bad == {"account_id": TWO, "symbol": "BTCUSDT", "success": False, "error": "no equity"}


MEMBERS = accounts.GroupMembers(id=UUID(THREE), accounts=(UUID(ONE),))
ABOUT_ONE: list[tuple[str, Any]] = [
    ("groups.get", BY_ID),
    ("groups.update", accounts.SetGroup(id=UUID(THREE))),
    ("groups.delete", BY_ID),
    ("groups.performance", AskPerformance(id=UUID(THREE))),
    ("groups.metrics", BY_ID),
    ("groups.history", accounts.AskHistory(id=UUID(THREE))),
    ("groups.add", MEMBERS),
    ("groups.remove", MEMBERS),
    ("groups.execute", order()),
]


@pytest.mark.parametrize(("operation", "wish"), ABOUT_ONE)
async def test_a_group_that_is_not_the_callers_is_not_there(operation: str, wish: Any) -> None:
    absent = not_found("group")
    around = Services({f"execution {method} {GROUP}": absent for method in ("GET", "POST", "PATCH", "DELETE")})
    with pytest.raises(MillraceError) as refused:
        await do(operation, around, wish)
    assert refused.value is absent
    assert len(around.calls) == 1, "nothing else was asked or limited after that"


@pytest.mark.parametrize(("operation", "wish"), ABOUT_ONE)
async def test_groups_have_no_numbers(operation: str, wish: Any) -> None:
    name = "group_id" if "group_id" in type(wish).model_fields else "id"
    around = Services()
    with pytest.raises(MillraceError) as refused:
        await do(operation, around, wish.model_copy(update={name: 17}))
    assert (refused.value.code, refused.value.message, around.calls) == (Code.NOT_FOUND, "group not found", [])


@pytest.mark.parametrize(
    ("operation", "wish"), [("groups.update", accounts.SetGroup()), ("groups.performance", AskPerformance())]
)
async def test_which_group_has_to_be_said(operation: str, wish: Any) -> None:
    with pytest.raises(MillraceError) as refused:
        await do(operation, Services(), wish)
    assert set(refused.value.fields) == {"group_id"}
