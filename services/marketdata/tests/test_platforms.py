"""The exchanges the platform knows."""

import pytest

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import EXCHANGES, INSTRUMENTS
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.kernel.timeframes import SECONDS
from millrace.marketdata.domain.platforms import PLATFORMS, platform


def test_the_five_exchanges_are_known() -> None:
    assert list(PLATFORMS) == ["luno", "binance", "kucoin", "kraken", "bybit"]


def test_everything_tradable_on_paper_belongs_to_a_platform() -> None:
    listed = {(p.id, i.symbol) for p in PLATFORMS.values() for i in p.instruments}
    assert set(INSTRUMENTS) <= listed
    assert {p.id for p in PLATFORMS.values() if p.supports_paper} == set(EXCHANGES)


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_platform_has_sound_filters(name: str) -> None:
    known = platform(name)
    assert known.instruments
    assert set(known.timeframes) <= set(SECONDS)
    for market in known.instruments:
        assert str(parse_symbol(market.symbol)) == market.symbol
        assert market.exchange == name
        assert min(market.tick_size, market.step_size, market.min_notional) > 0
        assert 0 <= market.maker_fee <= market.taker_fee < 1


def test_an_unknown_exchange_is_refused_with_the_known_ones() -> None:
    with pytest.raises(MillraceError, match="'mtgox' is not a known exchange; known are luno, binance") as refused:
        platform("mtgox")
    assert (refused.value.code, list(refused.value.fields)) == (Code.INVALID_SYMBOL, ["exchange"])
    assert platform(" Binance ").id == "binance"
