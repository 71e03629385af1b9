"""Every spelling of a pair is one pair inside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import INSTRUMENTS, instrument
from millrace.common.kernel.symbols import QUOTES, Symbol, parse_symbol


@pytest.mark.parametrize(
    "spelling", ["BTCUSDT", "BTC/USDT", "BTC-USDT", "BTC_USDT", "btcusdt", " btc/usdt ", "XBTUSDT", "xbt-usdt"]
)
def test_every_spelling_names_the_same_pair(spelling: str) -> None:
    assert parse_symbol(spelling) == Symbol("BTC", "USDT")
    assert str(parse_symbol(spelling)) == "BTC/USDT"


@given(
    st.sampled_from(["SOL", "DOGE", "ADA", "1INCH", "PEPE"]),
    st.sampled_from(QUOTES),
    st.sampled_from(["", "/", "-", "_"]),
)
def test_a_pair_of_any_quote_is_read_with_and_without_a_separator(base: str, quote: str, separator: str) -> None:
    found = parse_symbol(f"{base}{separator}{quote}")
    assert (found.base, found.quote) == (base, quote)
    assert parse_symbol(found.joined) == found
    assert parse_symbol(str(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "BTC", "USDT", "BTC/", "/USDT", "BTC/USDT/ETH", "BTC//USDT", "BTC USDT", "B.C/USDT", "BTC/ÜSD"),
        *("ßUSDT", "ıUSDT", "BTC/BTC", "XBT/BTC", "A" * 16 + "/USDT", "../USDT", "BTC/USDT\x00", "BTC\n/USDT"),
        *("<b>/USDT", "x" * 10_000),
    ],
)
def test_what_is_no_pair_is_refused_shortly(text: str) -> None:
    with pytest.raises(MillraceError) as refused:
        parse_symbol(text)
    assert (refused.value.code, refused.value.status) == (Code.INVALID_SYMBOL, 400)
    assert len(refused.value.message) < 300


@given(st.text())
def test_any_text_is_a_pair_or_refused(text: str) -> None:
    try:
        found = parse_symbol(text)
    except MillraceError:
        return
    assert str(found).isascii()
    assert found.base != found.quote


def test_an_instrument_is_found_by_any_spelling_and_an_unknown_one_names_what_there_is() -> None:
    assert instrument("Binance", "btcusdt") is INSTRUMENTS["binance", "BTC/USDT"]
    assert (instrument("luno", "XBTZAR").base, instrument("luno", "XBTZAR").quote) == ("BTC", "ZAR")
    with pytest.raises(MillraceError, match="BTC/ZAR, ETH/ZAR") as refused:
        instrument("luno", "DOGE/ZAR")
    assert refused.value.details["supported_symbols"] == ["BTC/ZAR", "ETH/ZAR"]
    with pytest.raises(MillraceError, match="binance, bybit, kraken, kucoin, luno"):
        instrument("nowhere", "BTC/USDT")
