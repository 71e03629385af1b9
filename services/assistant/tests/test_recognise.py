"""What messages ask for: many ways to say it, slips, and what must never become a wish."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.assistant.domain.intents import (
    Ask,
    CancelOrders,
    ChangeLimit,
    Confirm,
    Decline,
    Intent,
    MoveBots,
    ThrowSwitch,
    Trade,
    Unclear,
)
from millrace.assistant.domain.recognise import recognise

BTC, ETH = "BTC/USDT", "ETH/USDT"
WISHES = (MoveBots, CancelOrders, ChangeLimit, ThrowSwitch, Trade)


@pytest.mark.parametrize(
    ("said", "topic"),
    [
        ("What is my current portfolio status?", "status"),
        ("Check my bots", "bots"),
        ("how are my bots doing", "bots"),
        ("status of alpha bot", "bots"),
        ("Why did Alpha stop?", "bots"),
        ("HOW MUCH PROFIT", "profit"),
        ("what are my losses this month", "profit"),
        ("show my opne positons", "positions"),
        ("wich orders are open", "orders"),
        ("my recent trades", "trades"),
        ("what is my balence", "balance"),
        ("what are my risk limits?", "risk"),
        ("is the kill switch on?", "risk"),
        ("what is my max drawdown?", "risk"),
        ("help", "help"),
        ("hi", "hello"),
        ("thank you", "thanks"),
        ("price of bitcoin", "price"),
        ("ETHUSDT", "price"),
    ],
)
def test_a_question_has_a_topic(said: str, topic: str) -> None:
    found = recognise(said)
    assert isinstance(found, Ask)
    assert found.topic == topic


@pytest.mark.parametrize(
    ("said", "period"),
    [("profit", "day"), ("profit this week", "7d"), ("pnl for the month", "30d"), ("total profit", "all")],
)
def test_a_question_may_name_a_time(said: str, period: str) -> None:
    found = recognise(said)
    assert isinstance(found, Ask)
    assert (found.topic, found.period) == ("profit", period)


@pytest.mark.parametrize(
    ("said", "intent"),
    [
        ("pause alpha", MoveBots("pause", "", every=False)),
        ("pasue alpha", MoveBots("pause", "", every=False)),
        ("can you suspend alpha please", MoveBots("pause", "", every=False)),
        ("RESUME Alpha", MoveBots("resume", "", every=False)),
        ("launch alpha", MoveBots("start", "", every=False)),
        ("stop everything", MoveBots("stop", "", every=True)),
        ("stop my bots", MoveBots("stop", "", every=True)),
        ("cancel order 17", CancelOrders((17,))),
        ("cancel orders #17 and #18", CancelOrders((17, 18))),
        ("withdraw all orders", CancelOrders(every=True)),
        ("cancel my BTC orders", CancelOrders(every=True, symbol=BTC)),
        ("set max drawdown to 10%", ChangeLimit("max_drawdown", Decimal("0.1"))),
        ("set max drawdown to 0.1", ChangeLimit("max_drawdown", Decimal("0.1"))),
        ("set max drawdown to 1", ChangeLimit("max_drawdown", Decimal("0.01"))),
        ("limit my daily loss to 1,500", ChangeLimit("max_daily_loss", Decimal(1500))),
        ("limit my daily loss to 5 percent", ChangeLimit("max_daily_loss_fraction", Decimal("0.05"))),
        ("max open orders 5", ChangeLimit("max_open_orders", Decimal(5))),
        ("cap position value at 2k", ChangeLimit("max_position_value", Decimal(2000))),
        ("set limits", ChangeLimit(None, None)),
        ("kill switch on", ThrowSwitch(on=True)),
        ("activate the killswitch", ThrowSwitch(on=True)),
        ("release the kill switch", ThrowSwitch(on=False)),
        ("turn kill switch off", ThrowSwitch(on=False)),
        ("stop all trading now", ThrowSwitch(on=True)),
        ("emergency stop", ThrowSwitch(on=True)),
        ("resume trading", ThrowSwitch(on=False)),
        ("buy 0.01 btc", Trade("buy", BTC, Decimal("0.01"))),
        ("buy .5 eth at 2,500.5", Trade("buy", ETH, Decimal("0.5"), price=Decimal("2500.5"))),
        ("sell 0.5 ethereum on luno", Trade("sell", "ETH/ZAR", Decimal("0.5"), exchange="luno")),
        ("buy 100 usdt of btc", Trade("buy", BTC, funds=Decimal(100))),
        ("buy btc for 100 usdt", Trade("buy", BTC, funds=Decimal(100))),
        ("purchase btc/zar for 1000", Trade("buy", "BTC/ZAR", funds=Decimal(1000))),
        ("sell my btc", Trade("sell", BTC)),
    ],
)
def test_a_wish_is_read_with_its_terms(said: str, intent: Intent) -> None:
    found = recognise(said)
    if isinstance(found, MoveBots):
        assert found.said == said
        found = replace(found, said="")
    assert found == intent


@pytest.mark.parametrize(
    "said",
    [
        "don't stop alpha",
        "do not stop alpha",
        "never buy 0.01 btc",
        "please do not cancel all orders",
        "don’t set max drawdown to 10%",
        "no",
        "nope",
        "no thanks",
        "cancel that",
        "never mind",
    ],
)
def test_what_is_forbidden_is_declined(said: str) -> None:
    found = recognise(said)
    assert isinstance(found, Decline) or not isinstance(found, WISHES)


@pytest.mark.parametrize(
    "said",
    ["why did alpha stop?", "should I stop all bots?", "what happens when I buy 0.01 btc", "did you cancel order 17"],
)
def test_a_question_about_a_deed_is_no_wish(said: str) -> None:
    assert not isinstance(recognise(said), WISHES)


@pytest.mark.parametrize("said", ["yes", "ok", "Confirm!", "yes please"])
def test_agreement_is_understood(said: str) -> None:
    assert recognise(said) == Confirm()


def test_a_typed_token_is_found_whatever_it_begins_and_ends_with() -> None:
    token = "-" + "a_B" * 17 + "x-"
    assert len(token) == 54
    assert recognise(f"yes, {token}!") == Confirm(token)
    assert recognise(f"x{token}") != Confirm(token)


@pytest.mark.parametrize(("said", "sure"), [("show my bots", True), ("which bots hate mondays", False)])
def test_it_is_known_whether_every_word_was_understood(said: str, sure: bool) -> None:
    found = recognise(said)
    assert isinstance(found, Ask)
    assert found.sure is sure


@pytest.mark.parametrize("said", ["what is the meaning of life", "¿qué?", "...", "🙂", "1 2 3"])
def test_what_is_not_understood_is_unclear(said: str) -> None:
    assert recognise(said) == Unclear()


_WORDS = (
    "stop start pause buy sell cancel all orders bots alpha kill switch on off set max drawdown 10% 5 btc 0.1 at for"
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(_WORDS.split()), max_size=9))
def test_nothing_that_is_forbidden_or_asked_becomes_a_wish(said: list[str]) -> None:
    for first in ("don't", "do not", "why", "should", "did"):
        assert not isinstance(recognise(f"{first} {' '.join(said)}"), WISHES)


def test_a_story_is_no_wish() -> None:
    assert recognise("stop all bots " + "and " * 60) == Unclear()


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read(said: str) -> None:
    recognise(said)
