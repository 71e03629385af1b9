"""Bots in contract network: one's own, and everybody's."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from libs.contracts.tests.crypto.desk import Desk, kinds, without
from libs.contracts.tests.samples import ID, sample
from millrace.common.kernel.errors import Code
from millrace.contracts.canonical.bots import Bot, ChangeBot, CreateBot, ListBots
from millrace.contracts.canonical.frame import ById, Page
from millrace.contracts.names import Contract
from millrace.contracts.network import DIALECT

NETWORK = Desk(DIALECT, "/api/")
LIST, CREATE, DELETE = "GET bots", "POST bots", "DELETE bots/{bot_id}"
PAUSE, RESUME = "POST bots/{bot_id}/pause", "POST bots/{bot_id}/resume"
ALL, HOLD = "GET admin/bots", "POST admin/bot/{bot_id}/pause"
NEW: dict[str, Any] = {
    "name": "Alpha Trader",
    "exchange": "luno",
    "trading_mode": "paper",
    "risk_mode": "balanced",
    "initial_capital": 1000.0,
    "strategy": "momentum",
}
MADE: dict[str, Any] = {
    "name": "Alpha Trader",
    "exchange": "luno",
    "status": "active",
    "trading_mode": "paper",
    "risk_mode": "balanced",
    "initial_capital": Decimal(1000),
    "current_capital": Decimal(1050),
    "total_profit": Decimal(50),
    "profit": Decimal("0.05"),
    "created_at": datetime(2024, 1, 1, tzinfo=UTC),
}
TOLD: dict[str, Any] = {
    "id": str(ID),
    "name": "Alpha Trader",
    "exchange": "luno",
    "status": "active",
    "trading_mode": "paper",
    "risk_mode": "balanced",
    "initial_capital": 1000.0,
    "current_capital": 1050.0,
    "total_profit": 50.0,
    "profit_percentage": 5.0,
    "created_at": "2024-01-01T00:00:00Z",
}


def bot(**changes: Any) -> Bot:
    """The document's own bot, with changes."""
    return sample(Bot, **{**MADE, **changes})


def shown(**changes: Any) -> dict[str, Any]:
    """A bot with changes, as it is told in a list."""
    (told,) = NETWORK.answers(LIST, Page[Bot](items=(bot(**changes),)))["bots"]
    return dict(told)


def test_a_bot_is_read_as_the_document_writes_it() -> None:
    assert NETWORK.asks(CREATE, NEW) == CreateBot(
        name="Alpha Trader",
        exchange="luno",
        strategy="momentum",
        trading_mode="paper",
        risk_mode="balanced",
        initial_capital=Decimal(1000),
        origin=Contract.NETWORK,
    )


def test_a_bot_trades_on_paper_and_balanced_if_nothing_is_said() -> None:
    command = NETWORK.asks(CREATE, without(NEW, "trading_mode", "risk_mode"))
    assert (command.trading_mode, command.risk_mode, command.timeframe) == ("paper", "balanced", "1h")
    assert (command.symbol, command.strategy_id, command.config) == (None, None, {})


@pytest.mark.parametrize("written", ["luno", " Luno ", "LUNO"])
def test_an_exchange_is_named_in_any_case(written: str) -> None:
    assert NETWORK.asks(CREATE, {**NEW, "exchange": written}).exchange == "luno"
    assert NETWORK.asks(LIST, query={"platform": written}).exchange == "luno"


@pytest.mark.parametrize(("written", "mode"), [("live", "live"), ("LIVE", "live"), (" Paper ", "paper")])
def test_a_mode_is_named_in_any_case(written: str, mode: str) -> None:
    assert NETWORK.asks(CREATE, {**NEW, "trading_mode": written}).trading_mode == mode


@pytest.mark.parametrize("capital", ["1000", 1000, 1000.0, "1e3", " 1000.00 "])
def test_capital_is_a_number_or_text(capital: Any) -> None:
    assert NETWORK.asks(CREATE, {**NEW, "initial_capital": capital}).initial_capital == Decimal(1000)


def test_capital_keeps_every_digit() -> None:
    text = '{"name": "b", "exchange": "luno", "strategy": "hold", "initial_capital": 0.100000000000000001}'
    assert NETWORK.asks(CREATE, text).initial_capital == Decimal("0.100000000000000001")


@pytest.mark.parametrize("capital", [0, "0", "999999999999.99"])
def test_a_bot_may_have_no_capital_or_much(capital: Any) -> None:
    assert NETWORK.asks(CREATE, {**NEW, "initial_capital": capital}).initial_capital == Decimal(capital)


@pytest.mark.parametrize("name", ["name", "exchange", "initial_capital", "strategy"])
def test_what_a_bot_cannot_do_without_must_be_there(name: str) -> None:
    assert NETWORK.wrong(CREATE, without(NEW, name)) == [name]
    assert NETWORK.wrong(CREATE, {**NEW, name: None}) == [name]


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"exchange": ""}, "exchange"),
        ({"exchange": " "}, "exchange"),
        ({"exchange": "x" * 41}, "exchange"),
        ({"trading_mode": "demo"}, "trading_mode"),
        ({"trading_mode": None}, "trading_mode"),
        ({"trading_mode": 1}, "trading_mode"),
        ({"risk_mode": ""}, "risk_mode"),
        ({"risk_mode": "x" * 41}, "risk_mode"),
        ({"initial_capital": -1}, "initial_capital"),
        ({"initial_capital": 10**12}, "initial_capital"),
        ({"initial_capital": "much"}, "initial_capital"),
        ({"initial_capital": True}, "initial_capital"),
        ({"initial_capital": "NaN"}, "initial_capital"),
        ({"strategy": ""}, "strategy"),
        ({"strategy": "x" * 61}, "strategy"),
        ({"strategy": 5}, "strategy"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bot_is_bounded(told: dict[str, Any], field: str) -> None:
    assert NETWORK.wrong(CREATE, {**NEW, **told}) == [field]


@pytest.mark.parametrize(
    "key", ["id", "status", "user_id", "current_capital", "total_profit", "profit_percentage", "created_at", "origin"]
)
def test_nobody_sets_what_the_server_says(key: str) -> None:
    assert NETWORK.asks(CREATE, {**NEW, key: "x"}) == NETWORK.asks(CREATE, NEW)


def test_all_of_ones_own_bots_are_asked_for() -> None:
    assert NETWORK.asks(LIST) == ListBots(statuses=(), exchange=None, user=None, everybody=False, limit=5000)


@pytest.mark.parametrize("word", ["all", " ALL ", ""])
def test_all_platforms_are_no_filter(word: str) -> None:
    assert NETWORK.asks(LIST, query={"platform": word}).exchange is None


@pytest.mark.parametrize(
    ("word", "statuses"),
    [
        ("active", ("active",)),
        ("PAUSED", ("paused",)),
        (" stopped ", ("stopped",)),
        ("created", ("created",)),
        ("inactive", ("created", "stopped")),
        ("", ()),
    ],
)
def test_a_status_is_named_in_any_case_and_any_contracts_word(word: str, statuses: tuple[str, ...]) -> None:
    assert set(NETWORK.asks(LIST, query={"status": word}).statuses) == set(statuses)


def test_a_status_that_there_is_not_is_refused() -> None:
    refused = NETWORK.refuses(LIST, query={"status": "running"})
    assert (refused.code, refused.status) == (Code.VALIDATION_ERROR, 422)
    assert refused.fields == {"status": "must be one of active, created, paused, stopped"}


@pytest.mark.parametrize(("query", "field"), [({"platform": "x" * 41}, "platform"), ({"status": "x" * 21}, "status")])
def test_a_filter_is_bounded(query: dict[str, str], field: str) -> None:
    assert NETWORK.wrong(LIST, query=query) == [field]


@pytest.mark.parametrize("key", ["user_id", "user", "everybody"])
def test_nobody_lists_anothers_bots_on_their_own_page(key: str) -> None:
    assert NETWORK.asks(LIST, query={key: str(ID)}) == NETWORK.asks(LIST)


def test_bots_are_told_as_in_the_document() -> None:
    found = Page[Bot](items=(bot(),), total=1)
    assert NETWORK.answers(LIST, found) == {"success": True, "bots": [TOLD], "total": 1}
    assert NETWORK.answers(ALL, found) == {"success": True, "bots": [TOLD]}


def test_a_total_counts_those_that_are_not_on_the_page() -> None:
    assert NETWORK.answers(LIST, Page[Bot](items=(bot(),), total=11))["total"] == 11
    assert NETWORK.answers(LIST, Page[Bot]()) == {"success": True, "bots": [], "total": 0}


@pytest.mark.parametrize("status", ["created", "active", "paused", "stopped"])
def test_a_status_is_told_as_it_is(status: str) -> None:
    assert shown(status=status)["status"] == status
    assert NETWORK.answers(CREATE, bot(status=status))["bot"]["status"] == status
    assert NETWORK.answers(PAUSE, bot(status=status))["status"] == status


@pytest.mark.parametrize(
    ("capital", "profit", "fraction", "percentage"),
    [
        ("950", "-50", "-0.05", -5.0),
        ("1000", "0", "0", 0.0),
        ("1E+11", "1E+11", "1E+8", 1e10),
        ("0", "-1000", "-1", -100.0),
    ],
)
def test_a_profit_is_an_amount_and_a_percent(capital: str, profit: str, fraction: str, percentage: float) -> None:
    told = shown(current_capital=Decimal(capital), total_profit=Decimal(profit), profit=Decimal(fraction))
    assert (told["current_capital"], told["total_profit"]) == (float(capital), float(profit))
    assert told["profit_percentage"] == percentage


def test_amounts_of_a_bot_are_numbers_with_a_point() -> None:
    told = kinds(shown())
    amounts = {"initial_capital", "current_capital", "total_profit", "profit_percentage"}
    assert {name for name, kind in told.items() if kind == "float"} == amounts
    assert {kind for name, kind in told.items() if name not in amounts} == {"str"}


def test_a_bot_that_was_made_is_told_as_in_the_document() -> None:
    body = NETWORK.answers(CREATE, bot(status="created"))
    assert body == {"success": True, "bot": {"id": str(ID), "name": "Alpha Trader", "status": "created"}}


def test_a_bot_is_deleted() -> None:
    assert NETWORK.asks(DELETE) == ById(id=ID)
    assert NETWORK.answers(DELETE) == {"success": True, "message": "Bot deleted successfully"}


@pytest.mark.parametrize(("ask", "verb", "status"), [(PAUSE, "pause", "paused"), (RESUME, "resume", "active")])
def test_a_bot_is_paused_and_resumed(ask: str, verb: Any, status: str) -> None:
    assert NETWORK.asks(ask) == ChangeBot(id=ID, verb=verb)
    assert NETWORK.answers(ask, bot(status=status)) == {"success": True, "bot_id": str(ID), "status": status}


def test_an_administrator_holds_anybodys_bot() -> None:
    assert NETWORK.asks(HOLD, bot_id="7") == ById(id=7)
    assert NETWORK.answers(HOLD, bot(status="paused")) == {"success": True, "bot_id": str(ID), "status": "paused"}


@pytest.mark.parametrize(
    ("told", "user"), [({}, None), ({"user_id": ""}, None), ({"user_id": "7"}, 7), ({"user_id": str(ID)}, ID)]
)
def test_an_administrator_lists_everybodys_bots_or_ones(told: dict[str, str], user: Any) -> None:
    assert NETWORK.asks(ALL, query=told) == ListBots(user=user, everybody=True, limit=5000)


def test_a_user_that_can_be_none_is_not_found() -> None:
    assert NETWORK.refuses(ALL, query={"user_id": "john"}).code is Code.NOT_FOUND
    assert NETWORK.wrong(ALL, query={"user_id": "x" * 65}) == ["user_id"]
