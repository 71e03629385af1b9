"""Accounts in the words of contract application."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from libs.contracts.tests.application.asked import OTHER, answer, ask, call, row
from libs.contracts.tests.samples import ID, NOW, sample
from millrace.contracts.canonical.accounts import Account
from millrace.contracts.canonical.frame import Page
from millrace.contracts.canonical.performance import Metrics, Performance

CREATE = ("POST", "/accounts/create")
KEYS = {"api_key": "kk", "api_secret": "ss"}
NEW = {"exchange": "binance", **KEYS}
LIST, ONE, REPORT = ("GET", "/accounts/list"), ("GET", "/accounts/{account_id}"), "/accounts/{account_id}/performance"


def test_an_account_is_made_with_its_keys() -> None:
    command = ask(*CREATE, body={**NEW, "exchange": "Binance", "initial_balance": "100.5", "is_testnet": True})
    assert (command.exchange, command.initial_balance, command.is_testnet) == ("binance", Decimal("100.5"), True)
    assert (command.api_key.get_secret_value(), command.api_secret.get_secret_value()) == ("kk", "ss")
    assert command.passphrase is None


def test_what_may_be_missing_has_a_default() -> None:
    command = ask(*CREATE, body=NEW)
    assert (command.initial_balance, command.is_testnet, command.passphrase) == (0, False, None)


@pytest.mark.parametrize(("given", "kept"), [("pp", "pp"), ("", None), (None, None)])
def test_an_empty_passphrase_is_none(given: str | None, kept: str | None) -> None:
    for command in (
        ask(*CREATE, body={**NEW, "passphrase": given}),
        ask("POST", "/accounts/{account_id}/update-credentials", body={**KEYS, "passphrase": given}),
    ):
        assert (command.passphrase and command.passphrase.get_secret_value()) == kept


@pytest.mark.parametrize("missing", list(NEW))
def test_an_account_needs_an_exchange_and_keys(missing: str) -> None:
    for body in ({key: value for key, value in NEW.items() if key != missing}, {**NEW, missing: ""}):
        with pytest.raises(ValidationError, match=missing):
            ask(*CREATE, body=body)


@pytest.mark.parametrize("exchange", ["a b", "../x", "x" * 41, "binance\n"])
def test_an_exchange_is_a_word(exchange: str) -> None:
    with pytest.raises(ValidationError, match="exchange"):
        ask(*CREATE, body={**NEW, "exchange": exchange})


def test_keys_never_show() -> None:
    secret = "a-key-of-somebody"
    for path, body in (
        ("/accounts/create", {**NEW, "api_key": secret, "api_secret": secret, "passphrase": secret}),
        ("/accounts/{account_id}/update-credentials", {"api_key": secret, "api_secret": secret}),
    ):
        asked = call(row("POST", path), body=body)
        assert secret not in repr(asked)
        assert secret not in repr(row("POST", path).view.parse(asked))


def test_new_keys_are_for_the_account_of_the_address() -> None:
    path = "/accounts/{account_id}/update-credentials"
    command = ask("POST", path, body={**KEYS, "account_id": OTHER, "id": OTHER})
    assert command.id == ID
    assert ask("POST", path, body=KEYS, path={"account_id": "12"}).id == 12


@pytest.mark.parametrize("written", [OTHER, OTHER.upper(), 9, "9"])
def test_a_group_is_named_by_uuid_or_number(written: Any) -> None:
    command = ask("POST", "/accounts/{account_id}/assign-group", body={"group_id": written})
    assert (command.id, str(command.group_id)) == (ID, OTHER if "-" in str(written) else "9")


@pytest.mark.parametrize("wrong", [None, "", "mine", True, [], 1.5])
def test_a_group_that_nothing_can_be_called_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError, match="must be an id"):
        ask("POST", "/accounts/{account_id}/assign-group", body={"group_id": wrong})


@pytest.mark.parametrize(
    ("given", "page"), [({}, (50, 0)), ({"skip": 5}, (50, 5)), ({"offset": 5, "limit": 7}, (7, 5))]
)
def test_a_page_is_asked_for_with_skip_or_offset(given: dict[str, int], page: tuple[int, int]) -> None:
    command = ask(*LIST, given)
    assert (command.limit, command.offset) == page


@pytest.mark.parametrize("wrong", [{"skip": -1}, {"skip": 10**10}, {"limit": 0}, {"limit": 1001}, {"offset": "x"}])
def test_a_page_is_bounded(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ask(*LIST, wrong)


def test_a_page_tells_of_how_many_it_is_a_part() -> None:
    page = Page[Account](items=(sample(Account),), total=12, limit=1, offset=5)
    assert answer(*LIST, page)["pagination"] == {"total": 12, "skip": 5, "limit": 1}


def test_an_accounts_info_names_it_and_its_funds() -> None:
    account = sample(
        Account,
        balance=Decimal("100.25"),
        info={"has_keys": True, "created_at": NOW, "account_id": "another"},
        group_id=UUID(OTHER),
    )
    info = answer(*ONE, account)["account"]["account_info"]
    assert info == {
        "has_keys": True,
        "created_at": "2026-01-02T03:04:05Z",
        "account_id": str(ID),
        "name": account.name,
        "exchange": "binance",
        "is_active": True,
        "is_testnet": True,
        "balance": 100.25,
        "equity": 0.25,
        "currency": "USDT",
        "group_id": OTHER,
    }
    assert answer(*LIST, Page[Account](items=(account,)))["accounts"][0]["account_info"] == info


def test_an_account_in_no_group_says_so() -> None:
    assert answer(*ONE, group_id=None)["account"]["account_info"]["group_id"] is None


def test_each_part_of_an_account_is_in_its_place() -> None:
    parts = {name: {name: 1} for name in ("balances", "positions", "settings", "performance", "stream")}
    account = sample(Account, **parts, references=("ref",))
    shown = answer(*ONE, account)
    assert {name: shown["account"][name] for name in ("balances", "positions", "settings")} == {
        name: parts[name] for name in ("balances", "positions", "settings")
    }
    assert (shown["performance"], shown["references"], shown["ws_status"]) == (
        {"performance": 1},
        ["ref"],
        {"stream": 1},
    )
    listed = answer(*LIST, Page[Account](items=(account,)))["accounts"][0]
    assert (listed["balances"], listed["positions"]) == ({"balances": 1}, {"positions": 1})
    assert (listed["performance"], listed["references"]) == ({"performance": 1}, ["ref"])


def test_a_sync_tells_balance_and_equity() -> None:
    shown = answer("POST", "/accounts/{account_id}/sync-balance", balance=Decimal("1e2"), equity=Decimal("99.5"))
    assert shown == {"success": True, "balance": 100.0, "equity": 99.5}


def test_a_report_is_told_in_percent_with_both_ends_in_it() -> None:
    day = datetime(2025, 2, 26, tzinfo=UTC)
    metrics = Metrics(
        total_return=Decimal("0.05"),
        max_drawdown=Decimal("0.25"),
        win_rate=Decimal("0.625"),
        volatility=Decimal("0.1"),
        profit=Decimal("123.45"),
        sharpe_ratio=Decimal("1.85"),
        total_trades=8,
    )
    found = Performance(subject=str(ID), start=day, end=day + timedelta(days=1), metrics=metrics)
    shown = answer("GET", REPORT, found)
    assert shown["account_id"] == str(ID)
    assert shown["time_range"] == {"start_date": "2025-02-26T00:00:00Z", "end_date": "2025-02-26T23:59:59Z"}
    told = shown["metrics"]
    assert (told["total_return"], told["max_drawdown"], told["win_rate"]) == (5.0, 25.0, 62.5)
    assert told["volatility"] == 10.0
    assert (told["profit"], told["sharpe_ratio"], told["total_trades"]) == (123.45, 1.85, 8)
    assert type(told["total_trades"]) is int
    assert set(told) == set(Metrics.model_fields)


def test_an_end_within_a_day_is_told_as_it_is() -> None:
    shown = answer("GET", REPORT, Performance(start=NOW, end=NOW))
    assert shown["time_range"]["end_date"] == "2026-01-02T03:04:05Z"


def test_a_report_is_of_the_account_of_the_address() -> None:
    command = ask("GET", REPORT, {"start_date": "2025-02-01"}, path={"account_id": "3"})
    assert (command.id, command.start, command.end) == (3, datetime(2025, 2, 1, tzinfo=UTC), None)
    assert ask("GET", REPORT).period == "all"
