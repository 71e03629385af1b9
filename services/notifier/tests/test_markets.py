"""Which market a client means, whether anybody can be asked or not."""

from uuid import UUID

import pytest

from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError
from millrace.notifier.app import markets
from millrace.notifier.app.markets import Markets
from millrace.notifier.app.ports import Nobody, Place

USER = Principal(UUID(int=1), "ann", "trader")


class Somebody(Nobody):
    """Knows bitcoin at kraken, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str | None, str]] = []

    async def place(self, user: Principal, exchange: str | None, symbol: str) -> Place:
        self.asked.append((exchange, symbol))
        if symbol != "BTC/USDT":
            raise MillraceError(Code.INVALID_SYMBOL, f"{symbol} is not known")
        return Place(exchange or "kraken", symbol)


async def test_a_name_is_asked_for_once_in_whatever_spelling() -> None:
    somebody = Somebody()
    known = Markets(somebody)
    for spelling in ("BTCUSDT", "btc/usdt", "BTC-USDT"):
        assert await known.place(USER, None, spelling) == Place("kraken", "BTC/USDT")
    for exchange in ("binance", " Binance "):
        assert await known.place(USER, exchange, "BTCUSDT") == Place("binance", "BTC/USDT")
    assert somebody.asked == [(None, "BTC/USDT"), ("binance", "BTC/USDT")]


async def test_what_is_not_known_is_said_and_asked_for_again() -> None:
    somebody = Somebody()
    known = Markets(somebody)
    for _ in range(2):
        with pytest.raises(MillraceError, match="DOGE/USDT is not known"):
            await known.place(USER, None, "DOGEUSDT")
    assert len(somebody.asked) == 2


async def test_names_are_forgotten_before_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markets, "_KEPT", 2)
    somebody = Somebody()
    known = Markets(somebody)
    for exchange in ("a", "b", "c", "c", "a"):
        await known.place(USER, exchange, "BTCUSDT")
    assert [exchange for exchange, _ in somebody.asked] == ["a", "b", "c", "a"]


@pytest.mark.parametrize(
    ("exchange", "symbol", "place"),
    [
        (None, "BTCUSDT", Place("binance", "BTC/USDT")),
        (None, "BTCZAR", Place("luno", "BTC/ZAR")),
        (None, "DOGEUSDT", Place("binance", "DOGE/USDT")),
        ("kraken", "BTC/USD", Place("kraken", "BTC/USD")),
    ],
)
async def test_while_nobody_can_be_asked_it_is_what_paper_accounts_trade(
    exchange: str | None, symbol: str, place: Place
) -> None:
    assert await Markets(Nobody()).place(USER, exchange, symbol) == place


async def test_what_is_no_pair_needs_no_asking() -> None:
    with pytest.raises(MillraceError, match="not a trading pair"):
        await Markets(Nobody()).place(USER, None, "nothing")
