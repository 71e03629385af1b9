"""Groups of accounts in the words of contract application."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from libs.contracts.tests.application.asked import OTHER, answer, ask
from libs.contracts.tests.samples import ID, NOW, sample
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical.accounts import Group, GroupHistory, GroupMetrics, MembersChanged
from millrace.contracts.canonical.frame import Done, Page
from millrace.contracts.canonical.performance import DailyReturn, Performance

CREATE, UPDATE, LIST = ("POST", "/groups/"), ("PATCH", "/groups/{group_id}"), ("GET", "/groups/")
REPORT, HISTORY = ("GET", "/groups/{group_id}/performance"), ("GET", "/groups/{group_id}/history")
MEMBERS, MEMBER = "/groups/{group_id}/accounts", "/groups/{group_id}/accounts/{account_id}"
TERMS = {"max_drawdown": 25.0, "target_monthly_roi": "5", "risk_limit": 0.5}


def test_a_groups_terms_are_percents_outside_and_fractions_inside() -> None:
    for command in (ask(*CREATE, body={"name": "Both", **TERMS}), ask(*UPDATE, body=TERMS)):
        assert command.max_drawdown == Decimal("0.25")
        assert command.monthly_target == Decimal("0.05")
        assert command.risk_limit == Decimal("0.005")


def test_a_new_group_needs_nothing_but_a_name() -> None:
    command = ask(*CREATE, body={"name": "Both"})
    assert (command.id, command.name) == (None, "Both")
    assert {command.description, command.accounts, command.max_drawdown, command.monthly_target} == {None}
    for wrong in ({}, {"name": ""}, {"name": "x" * 101}, {"name": None}):
        with pytest.raises(ValidationError, match="name"):
            ask(*CREATE, body=wrong)


def test_a_change_says_only_what_changes() -> None:
    command = ask(*UPDATE, body={"description": ""})
    assert command.model_dump(exclude_none=True) == {"id": ID, "description": ""}
    assert ask(*UPDATE, body={"accounts": []}).accounts == ()


def test_a_groups_accounts_are_named_by_uuid_or_number() -> None:
    assert ask(*UPDATE, body={"accounts": [OTHER, 9, "8"]}).accounts == (UUID(OTHER), 9, 8)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_drawdown": 100.1},
        {"risk_limit": -1},
        {"target_monthly_roi": 10_001},
        {"max_drawdown": "much"},
        {"accounts": ["mine"]},
        {"accounts": [OTHER] * 101},
        {"accounts": OTHER},
        {"description": "x" * 2001},
    ],
)
def test_terms_are_bounded(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ask(*UPDATE, body=wrong)


def test_a_changed_group_is_told_with_its_limits_in_percent() -> None:
    group = sample(
        Group, max_drawdown=Decimal("0.25"), monthly_target=Decimal("0.05"), risk_limit=None, accounts=(OTHER,)
    )
    told = {
        "id": str(ID),
        "name": group.name,
        "description": group.description,
        "accounts": [OTHER],
        "max_drawdown": 25.0,
        "target_monthly_roi": 5.0,
        "risk_limit": None,
    }
    changed = MembersChanged(group=group)
    assert answer(*CREATE, group)["data"]["group"] == told
    assert answer(*UPDATE, group)["data"]["group"] == told
    assert answer("POST", MEMBERS, changed)["data"]["group"] == told
    assert answer("POST", MEMBER, changed)["data"]["group"] == told
    assert answer("DELETE", MEMBER, changed)["data"]["group"] == told


def test_what_comes_in_goes_out() -> None:
    command = ask(*CREATE, body={"name": "Both", **TERMS})
    group = Group(id=ID, name="Both", max_drawdown=command.max_drawdown, risk_limit=command.risk_limit)
    told = answer(*CREATE, group)["data"]["group"]
    assert (told["max_drawdown"], told["risk_limit"]) == (25.0, 0.5)


def test_groups_are_paged_by_offset() -> None:
    assert (ask(*LIST).limit, ask(*LIST).offset) == (50, 0)
    assert ask(*LIST, {"offset": "5"}).offset == ask(*LIST, {"skip": "5"}).offset == 5
    for wrong in ({"offset": -1}, {"skip": -1}, {"offset": 10**10}):
        with pytest.raises(ValidationError):
            ask(*LIST, wrong)
    data = answer(*LIST, Page[Group](items=(sample(Group),), total=12, limit=1, offset=5))["data"]
    assert (len(data["groups"]), data["total"], data["limit"], data["offset"]) == (1, 12, 1, 5)


def test_a_group_tells_how_it_did_and_how_its_exchanges_are_heard() -> None:
    group = sample(Group, performance={"profit": Decimal("1.5")}, stream={"connected": 2})
    told = answer("GET", "/groups/{group_id}", group)["data"]["group"]
    assert (told["performance"], told["websocket_status"]) == ({"profit": 1.5}, {"connected": 2})


def test_a_deleted_group_is_named() -> None:
    assert answer("DELETE", "/groups/{group_id}", Done(at=NOW, subject=OTHER))["data"] == {"group_id": OTHER}


@pytest.mark.parametrize("address", [REPORT, HISTORY])
def test_both_days_of_a_stretch_are_in_it(address: tuple[str, str]) -> None:
    command = ask(*address, {"start_date": "2025-02-01", "end_date": "2025-02-26"})
    assert command.start == datetime(2025, 2, 1, tzinfo=UTC)
    assert command.end == datetime(2025, 2, 27, tzinfo=UTC)
    one = ask(*address, {"start_date": "2025-02-01", "end_date": "2025-02-01"})
    assert one.end - one.start == timedelta(days=1)


@pytest.mark.parametrize(
    "written",
    ["2025-02-26T12:00:00Z", "2025-02-26T14:00:00+02:00", "1740571200", "1740571200000", " 2025-02-26T12:00 "],
)
def test_other_spellings_of_a_time_are_instants(written: str) -> None:
    command = ask(*REPORT, {"start_date": written, "end_date": "2025-03-01"})
    assert command.start == datetime(2025, 2, 26, 12, tzinfo=UTC)
    assert ask(*REPORT, {"end_date": written}).end == command.start


@pytest.mark.parametrize(
    ("start", "end"), [("2025-02-02", "2025-02-01"), ("2025-02-01T00:00:00Z", "2025-02-01T00:00:00Z")]
)
def test_an_end_before_its_start_is_refused(start: str, end: str) -> None:
    for address in (REPORT, HISTORY, ("GET", "/accounts/{account_id}/performance")):
        with pytest.raises(MillraceError) as refused:
            ask(*address, {"start_date": start, "end_date": end})
        assert refused.value.code is Code.INVALID_DATE_RANGE
        assert list(refused.value.fields) == ["end_date"]


@pytest.mark.parametrize(
    "wrong",
    ["soon", "", "2025-02-30", "0001-01-01", "0001-01-01T00:00:00+02:00", "9999-12-31", "-1", "1e300", "2101-01-01"],
)
def test_what_is_no_time_or_out_of_this_world_is_refused(wrong: str) -> None:
    for field in ("start_date", "end_date"):
        with pytest.raises(ValidationError, match="must be a time"):
            ask(*REPORT, {field: wrong})


def test_a_time_may_be_missing() -> None:
    command = ask(*REPORT)
    assert (command.start, command.end, command.id) == (None, None, ID)


@pytest.mark.parametrize("word", ["day", "week", "month", "WEEK", " Month "])
def test_a_history_goes_in_steps(word: str) -> None:
    assert ask(*HISTORY, {"interval": word}).interval == word.strip().lower()
    assert ask(*HISTORY).interval == "day"


@pytest.mark.parametrize("word", ["hour", "", "1d"])
def test_other_steps_are_refused(word: str) -> None:
    with pytest.raises(ValidationError, match="interval"):
        ask(*HISTORY, {"interval": word})


def test_a_history_tells_its_first_and_its_last_day() -> None:
    start = datetime(2025, 2, 1, 23, tzinfo=timezone(timedelta(hours=-2)))  # the second in UTC
    end = datetime(2025, 2, 27, tzinfo=UTC)
    points = ({"date": NOW, "profit": Decimal("1.5")}, {"date": NOW, "profit": Decimal(2)})
    data = answer(*HISTORY, GroupHistory(points=points, interval="week", start=start, end=end))["data"]
    assert data["period"] == {"start": "2025-02-02", "end": "2025-02-26"}
    assert data["interval"] == "week"
    assert data["history"] == [
        {"date": "2026-01-02T03:04:05Z", "profit": 1.5},
        {"date": "2026-01-02T03:04:05Z", "profit": 2.0},
    ]


def test_a_groups_report_holds_days_and_numbers() -> None:
    day = DailyReturn(date=date(2025, 2, 1), profit=Decimal(50), fraction=Decimal("0.005"), balance=Decimal(10_050))
    end = datetime(2025, 2, 2, tzinfo=UTC)
    found = sample(Performance, subject=OTHER, days=(day,), initial_balance=Decimal(10_000), end=end)
    told = answer(*REPORT, found)["data"]["performance"]
    assert told["daily_returns"] == [
        {"date": "2025-02-01", "profit": 50.0, "return_percentage": 0.5, "balance": 10_050.0}
    ]
    assert (told["group_id"], told["initial_balance"]) == (OTHER, 10_000.0)
    assert told["final_balance"] == 0.25
    assert (told["start_date"], told["end_date"]) == ("2026-01-02T03:04:05Z", "2025-02-01T23:59:59Z")
    assert told["metrics"]["total_return"] == 25.0


def test_each_part_of_a_groups_health_is_in_its_place() -> None:
    found = GroupMetrics(risk={"risk": Decimal(1)}, stream={"stream": 1}, balances={"balances": 1})
    assert answer("GET", "/groups/{group_id}/metrics", found)["data"] == {
        "risk_metrics": {"risk": 1.0},
        "websocket_health": {"stream": 1},
        "balance_status": {"balances": 1},
    }


def test_several_accounts_join_at_once() -> None:
    command = ask("POST", MEMBERS, body={"account_ids": [OTHER, "9"]})
    assert (command.id, command.accounts) == (ID, (UUID(OTHER), 9))
    for wrong in ([], [OTHER] * 101, OTHER, ["mine"], None):
        with pytest.raises(ValidationError, match="account_ids"):
            ask("POST", MEMBERS, body={"account_ids": wrong})


def test_what_became_of_each_is_told() -> None:
    failed = ({"account_id": OTHER, "error": "account not found"},)
    data = answer("POST", MEMBERS, MembersChanged(group=sample(Group), done=(str(ID),), failed=failed))["data"]
    assert data["results"] == {"success": [str(ID)], "failed": list(failed)}
    nobody = answer("POST", MEMBERS, MembersChanged(group=sample(Group), failed=failed))
    assert nobody["success"] is True, "the answer tells of each"


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_one_account_is_named_by_the_address(method: str) -> None:
    command = ask(method, MEMBER, path={"account_id": "9"})
    assert (command.id, command.accounts) == (ID, (9,))
    for name in ("group_id", "account_id"):
        with pytest.raises(MillraceError) as refused:
            ask(method, MEMBER, path={name: "mine"})
        assert refused.value.code is Code.NOT_FOUND


@pytest.mark.parametrize(("told", "code"), [({}, Code.CONFLICT), ({"code": "NOT_FOUND"}, Code.NOT_FOUND)])
def test_one_account_that_did_not_join_is_an_error(told: dict[str, str], code: Code) -> None:
    failed = ({"account_id": OTHER, "error": "account not found", **told},)
    with pytest.raises(MillraceError, match="account not found") as refused:
        answer("POST", MEMBER, MembersChanged(group=sample(Group), failed=failed))
    assert refused.value.code is code
