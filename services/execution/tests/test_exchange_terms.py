"""What an exchange wants of keys and options, and that no error repeats what was given."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.kernel.errors import Code, MillraceError
from millrace.execution.domain.exchanges import (
    EXCHANGES,
    Credentials,
    check_credentials,
    check_mode,
    checked_options,
    exchange,
)


def test_an_exchange_is_found_in_any_case_and_an_unknown_one_names_those_there_are() -> None:
    assert exchange("BINANCE").name == "binance"
    with pytest.raises(MillraceError) as problem:
        exchange("nowhere")
    assert problem.value.code is Code.VALIDATION_ERROR
    assert all(name in problem.value.message for name in EXCHANGES)


@pytest.mark.parametrize("name", list(EXCHANGES))
def test_testnet_is_only_where_there_is_one(name: str) -> None:
    check_mode(name, "paper")
    check_mode(name, "live")
    if EXCHANGES[name].testnet:
        check_mode(name, "testnet")
    else:
        with pytest.raises(MillraceError, match="must not be testnet"):
            check_mode(name, "testnet")


@pytest.mark.parametrize("name", list(EXCHANGES))
def test_a_passphrase_is_asked_for_only_where_keys_have_one(name: str) -> None:
    check_credentials(name, Credentials("abc", "abc", "abc"))
    if EXCHANGES[name].passphrase:
        with pytest.raises(MillraceError) as problem:
            check_credentials(name, Credentials("abc", "abc"))
        assert list(problem.value.fields) == ["passphrase"]
    else:
        check_credentials(name, Credentials("abc", "abc"))


@pytest.mark.parametrize(
    "good",
    [
        Credentials("abc", "abc"),
        Credentials("a" * 256, "b" * 4096),
        Credentials("a-b", "-----BEGIN KEY-----\nMHcCAQ==\n-----END KEY-----"),
        Credentials("abc", "abc", "a phrase"),
    ],
)
def test_keys_at_the_edge_of_what_is_allowed_pass(good: Credentials) -> None:
    check_credentials("binance", good)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (("ab", "abc", ""), "api_key"),
        (("a" * 257, "abc", ""), "api_key"),
        ((" abc", "abc", ""), "api_key"),
        (("abc\nabc", "abc", ""), "api_key"),
        (("abc\x00d", "abc", ""), "api_key"),
        (("схема", "abc", ""), "api_key"),
        (("abc", "ab", ""), "api_secret"),
        (("abc", "b" * 4097, ""), "api_secret"),
        (("abc", "abc\n", ""), "api_secret"),
        (("abc", "ab\rc", ""), "api_secret"),
        (("abc", "ab\x7fc", ""), "api_secret"),
        (("abc", "abc", "ab"), "passphrase"),
        (("abc", "abc", "p" * 257), "passphrase"),
        (("abc", "abc", "ab\tc"), "passphrase"),
    ],
)
def test_keys_that_can_be_none_name_their_field_and_are_not_repeated(given: tuple[str, str, str], field: str) -> None:
    with pytest.raises(MillraceError) as problem:
        check_credentials("kucoin" if given[2] else "binance", Credentials(*given))
    assert (problem.value.code, list(problem.value.fields)) == (Code.VALIDATION_ERROR, [field])
    assert given[("api_key", "api_secret", "passphrase").index(field)] not in problem.value.message.split(" ")


@given(st.text(min_size=12, max_size=300), st.text(min_size=12, max_size=300), st.text(max_size=300))
def test_no_error_about_keys_ever_repeats_them(key: str, secret: str, phrase: str) -> None:
    given_keys = Credentials(key, secret, phrase)
    assert repr(given_keys) == "Credentials()"
    try:
        check_credentials("binance", given_keys)
    except MillraceError as problem:
        said = f"{problem.message} {problem.fields} {problem.details}"
        assert not any(text in said for text in (key, secret))
    else:
        assert (key + secret).isascii()


@pytest.mark.parametrize(
    "good",
    [
        {},
        {"recvWindow": 1},
        {"recvWindow": 60_000, "adjustForTimeDifference": True},
        {"adjustForTimeDifference": False},
    ],
)
def test_allowed_options_pass_unchanged(good: dict[str, Any]) -> None:
    assert checked_options(good) == good


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"recvWindow": 0}, "settings.options.recvWindow"),
        ({"recvWindow": -1}, "settings.options.recvWindow"),
        ({"recvWindow": 60_001}, "settings.options.recvWindow"),
        ({"recvWindow": 5.0}, "settings.options.recvWindow"),
        ({"recvWindow": "5000"}, "settings.options.recvWindow"),
        ({"recvWindow": None}, "settings.options.recvWindow"),
        ({"adjustForTimeDifference": 1}, "settings.options.adjustForTimeDifference"),
        ({"adjustForTimeDifference": "yes"}, "settings.options.adjustForTimeDifference"),
        ({"recvwindow": 5000}, "settings.options"),
        ({"defaultType": "swap"}, "settings.options"),
        ({"proxyUrl": "http://elsewhere"}, "settings.options"),
        ([], "settings.options"),
        ("recvWindow", "settings.options"),
        (None, "settings.options"),
    ],
)
def test_other_options_and_values_are_refused(wrong: Any, field: str) -> None:
    with pytest.raises(MillraceError) as problem:
        checked_options(wrong)
    assert list(problem.value.fields) == [field]


@given(st.dictionaries(st.text(max_size=30), st.integers() | st.booleans() | st.text(max_size=5), max_size=4))
def test_whatever_passes_is_one_of_the_two_options(given_options: dict[str, Any]) -> None:
    with suppress(MillraceError):
        assert set(checked_options(given_options)) <= {"recvWindow", "adjustForTimeDifference"}
