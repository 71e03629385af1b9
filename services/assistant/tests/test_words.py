"""Words, slips, names and figures."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.assistant.domain import figures
from millrace.assistant.domain.naming import named
from millrace.assistant.domain.words import alike, nearest, slips, words

LETTERS = st.text("abcde", max_size=8)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Pause Alpha-2, please!", ("pause", "alpha-2", "please")),
        ("buy 1,000.50 BTC/USDT @ 60,000", ("buy", "1000.50", "btc/usdt", "@", "60000")),
        ("don’t set 10% or #12", ("don't", "set", "10%", "or", "#12")),
        ("Ｂｏｔ Straße", ("bot", "strasse")),
        ("buy .5 btc at .25%", ("buy", ".5", "btc", "at", ".25%")),
        ("", ()),
    ],
)
def test_a_text_is_cut_into_words(text: str, found: tuple[str, ...]) -> None:
    assert words(text) == found


@pytest.mark.parametrize(
    ("one", "other", "count"), [("pause", "pasue", 1), ("stop", "stp", 1), ("stop", "stopp", 1), ("abc", "xyz", 3)]
)
def test_slips_are_counted(one: str, other: str, count: int) -> None:
    assert slips(one, other) == count


@settings(deadline=None)
@given(LETTERS, LETTERS)
def test_slips_go_both_ways_and_are_none_only_for_the_same_word(one: str, other: str) -> None:
    assert slips(one, other) == slips(other, one)
    assert (slips(one, other) == 0) == (one == other)
    assert slips(one, other) <= max(len(one), len(other))


def test_short_words_are_not_forgiven_and_numbers_never() -> None:
    assert not alike("buy", "bux")
    assert alike("resmue", "resume")
    assert nearest("posittons", ["positions"]) == "positions"
    assert nearest("stap", ["stop", "step"]) is None
    assert nearest("1000", ["100"]) is None


def bots(*names: str) -> list[dict[str, Any]]:
    """Bots with these names, numbered from 1."""
    return [{"num": number, "name": name} for number, name in enumerate(names, 1)]


@pytest.mark.parametrize(
    ("said", "meant", "unclear"),
    [
        ("pause alpha", ["Alpha"], []),
        ("pause ALPHA and beta", ["Alpha", "Beta bot"], []),
        ("pause alpha 2", ["Alpha 2"], []),
        ("pause the beta", ["Beta bot"], []),
        ("pause alhpa", ["Alpha"], []),
        ("pause bot 2", ["Alpha 2"], []),
        ("pause #3", ["Beta bot"], []),
        ("pause #99999999999999999999", [], []),
        ("pause twin", [], ["Twin", "twin"]),
        ("pause twin #5", ["twin"], ["Twin"]),
        ("pause gamma", [], []),
    ],
)
def test_bots_are_named(said: str, meant: list[str], unclear: list[str]) -> None:
    found = named(said, bots("Alpha", "Alpha 2", "Beta bot", "Twin", "twin", "🙂"))
    assert ([bot["name"] for bot in found.meant], [bot["name"] for bot in found.unclear]) == (meant, unclear)


def test_names_equally_near_to_a_slip_are_unclear() -> None:
    found = named("stop alphx", bots("Alpha", "Alphy"))
    assert (found.meant, [bot["num"] for bot in found.unclear]) == ((), [1, 2])


@settings(deadline=None)
@given(st.text(max_size=60), st.lists(st.text(max_size=12), max_size=5))
def test_no_bot_is_both_meant_and_unclear(said: str, names: list[str]) -> None:
    found = named(said, bots(*names))
    assert not [bot for bot in found.meant if bot in found.unclear]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (figures.money("1234.505", "USDT"), "1,234.50 USDT"),
        (figures.money("50", "ZAR", signed=True), "+50.00 ZAR"),
        (figures.money("-0.001", "USDT", signed=True), "0.00 USDT"),
        (figures.money("0.123456789", "BTC"), "0.12345679 BTC"),
        (figures.percent("0.0525"), "5.25 %"),
        (figures.percent("0.25", signed=True), "+25 %"),
        (figures.percent("-0.01", signed=True), "-1 %"),
        (figures.quantity("0.010000"), "0.01"),
        (figures.quantity(Decimal("1E+3")), "1000"),
        (figures.count(1, "bot"), "1 bot"),
        (figures.count(0, "bot"), "0 bots"),
        (figures.listed(["a", "b", "c"]), "a, b and c"),
        (figures.listed([]), ""),
    ],
)
def test_figures_are_shown_with_their_units(text: str, shown: str) -> None:
    assert text == shown


@settings(deadline=None)
@given(st.decimals("-1e19", "1e19", places=18))
def test_no_amount_is_too_large_to_be_shown(amount: Decimal) -> None:
    assert figures.money(amount, "USDT").endswith(" USDT")
    assert Decimal(figures.quantity(amount)) == amount
