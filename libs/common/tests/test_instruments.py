"""What can be traded, under every name."""

import pytest

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import exchange_of, in_dollars, instrument


@pytest.mark.parametrize("spelling", ["BTC/USDT", "BTCUSDT", "btc-usdt", "BTC/USD", "BTC-USD"])
def test_a_dollar_that_nobody_lists_is_a_tether(spelling: str) -> None:
    assert instrument("Binance", spelling).symbol == "BTC/USDT"


@pytest.mark.parametrize(("exchange", "symbol"), [("luno", "BTC/USD"), ("binance", "BTC/ZAR"), ("binance", "DOGE/USD")])
def test_what_is_not_listed_is_refused_with_what_is(exchange: str, symbol: str) -> None:
    with pytest.raises(MillraceError) as refused:
        instrument(exchange, symbol)
    assert refused.value.code is Code.INVALID_SYMBOL
    assert refused.value.details["supported_symbols"]


@pytest.mark.parametrize(("symbol", "meant"), [("BTC/USD", "BTC/USDT"), ("BTC/USDT",) * 2, ("BTC/ZAR",) * 2])
def test_only_dollars_are_meant_otherwise(symbol: str, meant: str) -> None:
    assert in_dollars(symbol) == meant


@pytest.mark.parametrize(
    ("symbol", "exchange"),
    [("btc-usdt", "binance"), ("BTCUSD", "binance"), ("BTCZAR", "luno"), ("SOL/USDT", "binance")],
)
def test_a_pair_is_traded_at_the_first_exchange_that_has_it(symbol: str, exchange: str) -> None:
    assert exchange_of(symbol) == exchange
