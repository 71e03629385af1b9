"""Bots in contract botplatform."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from libs.contracts.tests.botplatform.cases import asked, row_of
from libs.contracts.tests.samples import ID, NOW, sample
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.botplatform import DIALECT
from millrace.contracts.canonical.bots import Bot, ChangeBot, CreateBot, ListBots
from millrace.contracts.canonical.frame import ById, Page
from millrace.contracts.names import Contract

ALL, ONE = "/api/v1/bots", "/api/v1/bots/{bot_id}"
CREATE, LIST, GET, UPDATE = f"POST {ALL}", f"GET {ALL}", f"GET {ONE}", f"PATCH {ONE}"
STRATEGY = UUID(int=5)
NEW: dict[str, Any] = {
    "name": "BTC Scalper",
    "strategy_id": str(STRATEGY),
    "exchange": "binance",
    "symbol": "BTCUSDT",
    "config": {"leverage": 10, "position_size": 0.1},
}


def answer(ask: str, result: Any) -> Any:
    """The body that a result becomes."""
    return row_of(DIALECT, ask).view.present(result, NOW)


def refusal(body: dict[str, Any]) -> MillraceError:
    """Why a bot is not made."""
    with pytest.raises(MillraceError) as refused:
        asked(DIALECT, CREATE, body)
    return refused.value


def test_a_bot_is_made_of_what_the_document_names() -> None:
    command = asked(DIALECT, CREATE, NEW)
    assert isinstance(command, CreateBot)
    assert (command.name, command.strategy_id, command.exchange) == ("BTC Scalper", STRATEGY, "binance")
    assert (command.symbol, command.spelling, command.origin) == ("BTC/USDT", "BTCUSDT", Contract.BOTPLATFORM)
    assert command.config == {"leverage": Decimal(10), "position_size": Decimal("0.1")}


def test_a_bot_trades_on_paper_and_with_the_houses_defaults() -> None:
    command = asked(DIALECT, CREATE, NEW)
    assert (command.trading_mode, command.risk_mode, command.timeframe) == ("paper", "balanced", "1h")
    assert command.initial_capital == 0


def test_exact_numbers_stay_exact_from_json() -> None:
    text = (
        '{"name": "b", "strategy_id": 7, "exchange": "binance", "symbol": "BTC/USDT",'
        ' "config": {"position_size": 0.10000000000000001}}'
    )
    command = asked(DIALECT, CREATE, text)
    assert command.strategy_id == 7
    assert command.config == {"position_size": Decimal("0.10000000000000001")}


@pytest.mark.parametrize("written", ["BTCUSDT", "BTC/USDT", "BTC-USDT", "btc_usdt", " BTCUSDT "])
def test_a_bots_symbol_is_read_in_any_spelling_and_kept_as_written(written: str) -> None:
    command = asked(DIALECT, CREATE, {**NEW, "symbol": written})
    assert (command.symbol, command.spelling) == ("BTC/USDT", written.strip())


def test_what_is_no_pair_is_refused_by_its_field() -> None:
    problem = refusal({**NEW, "symbol": "BTC"})
    assert (problem.code, problem.status) == (Code.INVALID_SYMBOL, 400)
    assert problem.fields == {"symbol": "is not a trading pair"}
    assert "'BTC'" in problem.message


@pytest.mark.parametrize("written", [" Binance", "BINANCE", "binance"])
def test_an_exchange_is_named_in_any_case(written: str) -> None:
    assert asked(DIALECT, CREATE, {**NEW, "exchange": written}).exchange == "binance"
    assert asked(DIALECT, LIST, query={"exchange": written}).exchange == "binance"


def test_a_configuration_may_hold_a_strategys_own_parameters() -> None:
    config = {"leverage": "5", "fast": 12, "levels": [1, 2], "note": "x"}
    command = asked(DIALECT, CREATE, {**NEW, "config": config})
    assert command.config == {"leverage": Decimal(5), "fast": 12, "levels": [1, 2], "note": "x"}


def test_a_configuration_may_be_missing() -> None:
    told = {key: value for key, value in NEW.items() if key != "config"}
    assert asked(DIALECT, CREATE, told).config == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 101},
        {"strategy_id": "uuid"},
        {"strategy_id": None},
        {"strategy_id": True},
        {"strategy_id": -1},
        {"strategy_id": 1.5},
        {"exchange": "../etc"},
        {"exchange": ""},
        {"exchange": "x" * 41},
        {"symbol": ""},
        {"symbol": "x" * 41},
        {"config": {"leverage": 0}},
        {"config": {"leverage": 126}},
        {"config": {"leverage": "much"}},
        {"config": {"position_size": -0.1}},
        {"config": {"position_size": "1e13"}},
        {"config": {str(n): n for n in range(101)}},
        {"config": []},
        {"config": None},
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_a_bot_is_bounded(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        asked(DIALECT, CREATE, {**NEW, **wrong})


def test_of_a_bot_only_what_is_given_changes() -> None:
    command = asked(DIALECT, UPDATE, {"config": {"leverage": 5}})
    assert (command.id, command.name, command.config) == (ID, None, {"leverage": Decimal(5)})
    assert asked(DIALECT, UPDATE, {"name": " Updated Name "}).name == "Updated Name"
    assert asked(DIALECT, UPDATE, {}).config == {}


def test_a_bot_cannot_be_moved_to_another_market_or_state_by_an_update() -> None:
    told = {"symbol": "ETHUSDT", "status": "active", "exchange": "luno"}
    assert asked(DIALECT, UPDATE, told) == asked(DIALECT, UPDATE, {})


@pytest.mark.parametrize(
    ("word", "statuses"),
    [
        ("active", {"active"}),
        ("PAUSED", {"paused"}),
        ("inactive", {"created", "stopped"}),
        ("Inactive", {"created", "stopped"}),
        ("stopped", {"stopped"}),
    ],
)
def test_bots_are_filtered_by_a_word_of_this_contract(word: str, statuses: set[str]) -> None:
    assert set(asked(DIALECT, LIST, query={"status": word}).statuses) == statuses


def test_without_a_filter_all_bots_are_listed() -> None:
    command = asked(DIALECT, LIST)
    assert isinstance(command, ListBots)
    assert (command.statuses, command.exchange, command.limit, command.offset) == ((), None, 50, 0)
    assert command.user is None


@pytest.mark.parametrize("wrong", [{"status": "running"}, {"status": ""}, {"exchange": "a b"}])
def test_a_filter_that_is_none_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        asked(DIALECT, LIST, query=wrong)
    assert refused.value.errors()[0]["loc"] == tuple(wrong)


def test_a_wrong_status_is_told_the_words_there_are() -> None:
    with pytest.raises(ValidationError, match="must be one of active, inactive, paused"):
        asked(DIALECT, LIST, query={"status": "running"})


@pytest.mark.parametrize(
    ("status", "word"), [("created", "inactive"), ("active", "active"), ("paused", "paused"), ("stopped", "inactive")]
)
def test_a_bots_state_is_told_in_this_contracts_words(status: str, word: str) -> None:
    bot = sample(Bot, status=status)
    assert answer(GET, bot)["status"] == answer(CREATE, bot)["status"] == word


def test_a_new_bot_has_no_configuration_in_its_answer_but_a_read_one_has() -> None:
    bot = sample(Bot, config={"leverage": Decimal(10), "position_size": Decimal("0.1")})
    assert "config" not in answer(CREATE, bot)
    assert answer(GET, bot)["config"] == {"leverage": 10, "position_size": 0.1}
    assert answer(UPDATE, bot) == answer(GET, bot)


def test_a_configuration_is_told_as_json() -> None:
    stored = {"when": NOW, "who": ID, "steps": (Decimal("1.0"), Decimal("0.5")), "deep": {"flag": True, "none": None}}
    told = answer(GET, sample(Bot, config=stored))["config"]
    assert told == {
        "when": "2026-01-02T03:04:05Z",
        "who": str(ID),
        "steps": [1, 0.5],
        "deep": {"flag": True, "none": None},
    }
    assert [type(step) for step in told["steps"]] == [int, float]


def test_a_symbol_is_told_as_its_user_wrote_it_else_joined() -> None:
    assert answer(GET, sample(Bot, symbol="BTC/USDT", spelling="btc-usdt"))["symbol"] == "btc-usdt"
    assert answer(GET, sample(Bot, symbol="BTC/USDT", spelling=None))["symbol"] == "BTCUSDT"


def test_a_page_holds_whole_bots() -> None:
    found = Page[Bot](items=(sample(Bot), sample(Bot, name="second")), total=10, limit=2, offset=4)
    body = answer(LIST, found)
    assert [bot["name"] for bot in body["items"]] == ["text", "second"]
    assert body["items"][0] == answer(GET, found.items[0])
    assert (body["total"], body["limit"], body["offset"]) == (10, 2, 4)


@pytest.mark.parametrize(
    ("verb", "status", "word", "message"),
    [
        ("start", "active", "active", "Bot started successfully"),
        ("stop", "stopped", "inactive", "Bot stopped successfully"),
    ],
)
def test_a_bot_is_started_and_stopped(verb: str, status: str, word: str, message: str) -> None:
    ask = f"POST {ONE}/{verb}"
    command = asked(DIALECT, ask)
    assert isinstance(command, ChangeBot)
    assert (command.id, command.verb) == (ID, verb)
    assert answer(ask, sample(Bot, status=status)) == {"message": message, "bot_id": str(ID), "status": word}


def test_deleting_names_the_bot_and_answers_nothing() -> None:
    assert asked(DIALECT, f"DELETE {ONE}") == ById(id=ID)
    assert answer(f"DELETE {ONE}", None) is None
