"""Bots in the words of contract application."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from libs.contracts.tests.application.asked import OTHER, answer, ask
from libs.contracts.tests.samples import ID, NOW, sample
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical.accounts import Account, Accounts
from millrace.contracts.canonical.bots import Bot
from millrace.contracts.canonical.frame import Page, Terminated
from millrace.contracts.names import Contract

NEW = {"name": "First", "base_name": "base", "timeframe": "1h"}
CREATE, STATUS, LIST = ("POST", "/bots/create"), ("POST", "/bots/{bot_id}/status"), ("GET", "/bots/list")


def test_a_bot_is_made_from_the_query() -> None:
    command = ask(*CREATE, NEW)
    assert (command.name, command.base_name, command.timeframe) == ("First", "base", "1h")
    assert command.origin is Contract.APPLICATION
    assert (command.exchange, command.symbol, command.strategy_id) == (None, None, None)


@pytest.mark.parametrize("missing", list(NEW))
def test_a_bot_needs_both_names_and_a_timeframe(missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        ask(*CREATE, {key: value for key, value in NEW.items() if key != missing})


@pytest.mark.parametrize("name", ["", "x" * 101, "a\x00b", "a\nb"])
def test_names_are_short_and_printable(name: str) -> None:
    for field in ("name", "base_name"):
        with pytest.raises(ValidationError, match=field):
            ask(*CREATE, {**NEW, field: name})


@pytest.mark.parametrize("word", ["1m", "5m", "15m", "1h", "6h", "1d", "3d", "4h", "1w", "1H", " 1d "])
def test_timeframes_of_all_contracts_are_understood_in_any_case(word: str) -> None:
    assert ask(*CREATE, {**NEW, "timeframe": word}).timeframe == word.strip().lower()


def test_a_timeframe_that_is_none_names_its_field() -> None:
    with pytest.raises(MillraceError) as refused:
        ask(*CREATE, {**NEW, "timeframe": "7h"})
    assert refused.value.code is Code.INVALID_TIMEFRAME
    assert "'7h'" in refused.value.fields["timeframe"]
    assert "1h" in refused.value.details["supported"]


def test_the_new_bots_id_is_told() -> None:
    assert answer(*CREATE) == {"success": True, "bot_id": str(ID)}


@pytest.mark.parametrize(
    ("word", "verb"),
    [
        ("ACTIVE", "start"),
        ("PAUSED", "pause"),
        ("STOPPED", "stop"),
        ("active", "start"),
        ("Paused", "pause"),
        ("inactive", "stop"),
    ],
)
def test_a_wanted_status_becomes_a_verb(word: str, verb: str) -> None:
    command = ask(*STATUS, {"status": word})
    assert (command.id, command.verb) == (ID, verb)


def test_a_status_nobody_knows_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(MillraceError) as refused:
        ask(*STATUS, {"status": "RUNNING"})
    assert refused.value.code is Code.VALIDATION_ERROR
    assert refused.value.fields["status"] == "must be one of ACTIVE, PAUSED, STOPPED"


@pytest.mark.parametrize(
    ("status", "word"),
    [("created", "STOPPED"), ("active", "ACTIVE"), ("paused", "PAUSED"), ("stopped", "STOPPED")],
)
def test_a_status_is_told_in_capitals_everywhere(status: Any, word: str) -> None:
    bot = sample(Bot, status=status)
    assert answer(*STATUS, bot) == {"success": True, "status": word}
    assert answer("GET", "/bots/{bot_id}", bot)["status"] == word
    assert answer(*LIST, Page[Bot](items=(bot,)))[0]["status"] == word


@pytest.mark.parametrize("verb", ["connect", "disconnect"])
@pytest.mark.parametrize(("written", "ref"), [(OTHER, UUID(OTHER)), ("9", 9)])
def test_an_account_is_named_by_uuid_or_number(verb: str, written: str, ref: object) -> None:
    command = ask("POST", f"/bots/{{bot_id}}/{verb}-account", {"account_id": written})
    assert (command.id, command.account_id) == (ID, ref)


@pytest.mark.parametrize("wrong", ["", "mine", "-1", "1.5", "x" * 5000])
def test_an_account_that_nothing_can_be_called_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError, match="must be an id"):
        ask("POST", "/bots/{bot_id}/connect-account", {"account_id": wrong})


def test_all_bots_are_listed_where_nothing_else_is_said() -> None:
    assert (ask(*LIST).limit, ask(*LIST).offset) == (1000, 0)
    some = ask(*LIST, {"limit": "10", "offset": "20"})
    assert (some.limit, some.offset) == (10, 20)
    assert ask(*LIST, {"skip": "20"}).offset == 20


def test_a_list_keeps_its_order_and_may_be_empty() -> None:
    bots = tuple(sample(Bot, name=name) for name in ("b", "a"))
    assert [bot["name"] for bot in answer(*LIST, Page[Bot](items=bots))] == ["b", "a"]
    assert answer(*LIST, Page[Bot]()) == []


def test_a_bot_of_another_contract_has_a_base_name_too() -> None:
    assert answer("GET", "/bots/{bot_id}", name="First", base_name="")["base_name"] == "First"
    assert answer("GET", "/bots/{bot_id}", name="First", base_name="base")["base_name"] == "base"


def test_a_bots_metrics_are_plain_numbers() -> None:
    metrics = {"profit": Decimal("1.50"), "by_day": [{"at": NOW, "account": ID}], "none": None}
    assert answer("GET", "/bots/{bot_id}", metrics=metrics)["performance"] == {
        "metrics": {
            "profit": 1.5,
            "by_day": [{"at": "2026-01-02T03:04:05Z", "account": str(ID)}],
            "none": None,
        }
    }


@pytest.mark.parametrize(("accounts", "told"), [(2, 2), (0, 0), (None, 5)])
def test_a_termination_tells_of_accounts_where_they_were_counted(accounts: int | None, told: int) -> None:
    ended = Terminated(count=5, accounts=accounts, errors=("too late",))
    shown = answer("POST", "/bots/{bot_id}/terminate", ended)
    assert shown == {"success": True, "terminated_accounts": told, "errors": ["too late"]}


def test_a_bots_accounts_are_told_with_their_funds() -> None:
    account = sample(Account, balance=Decimal("10000.00"), equity=Decimal("9999.5"), is_active=False)
    assert answer("GET", "/bots/{bot_id}/accounts", Accounts(items=(account,))) == [
        {
            "id": str(ID),
            "name": account.name,
            "exchange": "binance",
            "balance": 10_000.0,
            "equity": 9_999.5,
            "is_active": False,
        }
    ]


def test_performance_is_told_by_period() -> None:
    shown = answer("GET", "/bots/{bot_id}/performance", daily={"2026-01-01": {"profit": Decimal(2)}}, accounts={})
    assert shown["daily"] == {"2026-01-01": {"profit": 2.0}}
    assert shown["accounts"] == {}
