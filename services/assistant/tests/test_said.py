"""A message read word by word: amounts, pairs, exchanges, and whether it asks or forbids."""

from collections import Counter
from decimal import Decimal

import pytest

from millrace.assistant.domain import grammar
from millrace.assistant.domain.grammar import FILLING, MEANING, known, meaning
from millrace.assistant.domain.said import Said


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("buy 0.5", [("0.5", False)]),
        ("buy .5", [("0.5", False)]),
        ("cap at 2k", [("2000", False)]),
        ("1,250,000.75 please", [("1250000.75", False)]),
        ("10% or 20 % or 30 percent", [("10", True), ("20", True), ("30", True)]),
        ("order #12", []),
        ("v2 of 7x", []),
        ("0.0000000000000000001", []),
        ("999999999999999999999999", []),
        ("١٢", []),
    ],
)
def test_amounts_are_read_exactly_or_not_at_all(said: str, found: list[tuple[str, bool]]) -> None:
    assert [(value, percent) for _, value, percent in Said(said).numbers] == [(Decimal(v), p) for v, p in found]


@pytest.mark.parametrize(
    ("said", "symbol"),
    [
        ("btc", "BTC/USDT"),
        ("bitcoin please", "BTC/USDT"),
        ("xbt", "BTC/USDT"),
        ("ethereum on luno", "ETH/ZAR"),
        ("btc in zar", "BTC/ZAR"),
        ("BTCUSDT", "BTC/USDT"),
        ("btc-zar", "BTC/ZAR"),
        ("eth_usdt", "ETH/USDT"),
        ("eth/btc", "ETH/BTC"),
        ("doge/usdt", "DOGE/USDT"),
        ("binance", None),
        ("alpha-beta", None),
        ("dogecoin", None),
        ("profit/loss", None),
        ("nothing here", None),
    ],
)
def test_a_pair_is_read_as_it_is_written_or_as_it_is_traded(said: str, symbol: str | None) -> None:
    assert Said(said).symbol == symbol


@pytest.mark.parametrize(
    ("said", "exchange"),
    [("buy on Luno", "luno"), ("at BINANCE now", "binance"), ("on Kraken", "kraken"), ("on nasdaq", None)],
)
def test_an_exchange_is_read(said: str, exchange: str | None) -> None:
    assert Said(said).exchange == exchange


@pytest.mark.parametrize(
    ("said", "asks", "forbids"),
    [
        ("why did it stop", True, False),
        ("can you stop it", False, False),
        ("please don't", False, True),
        ("Never stop", False, True),
        ("do NOT stop", True, True),
        ("stop", False, False),
        ("", False, False),
    ],
)
def test_questions_and_bans_are_told_from_wishes(said: str, asks: bool, forbids: bool) -> None:
    assert (Said(said).asks, Said(said).forbids) == (asks, forbids)


@pytest.mark.parametrize(
    ("word", "stands_for"),
    [
        ("pasue", "pause"),
        ("resmue", "resume"),
        ("cancle", "cancel"),
        ("postion", "position"),
        ("portfolo", "status"),
        ("drawdwon", "drawdown"),
        ("balances", "balance"),
        ("stap", "stop"),
        ("by", None),
        ("bux", None),
        ("alpha", None),
        ("100", None),
    ],
)
def test_a_slip_is_forgiven_where_one_word_was_meant(word: str, stands_for: str | None) -> None:
    assert meaning(word) == stands_for


def test_no_word_stands_for_two_things() -> None:
    given = Counter(word for group in grammar._MEANINGS.values() for word in group.split())
    assert {word for word, count in given.items() if count > 1} <= {"daily"}
    assert FILLING & MEANING.keys() <= {"open", "now"}


def test_every_word_of_the_grammar_is_known_as_it_is() -> None:
    assert all(meaning(word) == stands_for for word, stands_for in MEANING.items())
    assert all(known(word) for word in (*MEANING, *FILLING, "12", "#3", "@"))
    assert not known("medal")
