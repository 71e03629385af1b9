"""What a market says."""

from decimal import Decimal

from pydantic import AwareDatetime

from millrace.contracts.canonical.frame import Canonical, Limit

ZERO = Decimal(0)


class Bar(Canonical):
    """One candle. Prices in quote currency, `volume` in base; `quote_volume` and `trades` are 0 where unknown."""

    opened_at: AwareDatetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal = ZERO
    trades: int = 0


class Candles(Canonical):
    """Candles of one market, oldest first; `spelling` is the symbol as it was asked for."""

    exchange: str
    symbol: str
    spelling: str | None = None
    timeframe: str
    start: AwareDatetime
    end: AwareDatetime
    items: tuple[Bar, ...] = ()
    has_more: bool = False


class ListCandles(Canonical):
    """The newest `limit` candles of a stretch of time. Without an exchange the one that trades the pair first."""

    symbol: str
    spelling: str
    exchange: str | None = None
    timeframe: str = "1m"
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    limit: Limit = 100


class AskMarket(Canonical):
    """The newest of one market; `limit` levels where it is about the book."""

    symbol: str
    spelling: str
    exchange: str | None = None
    limit: Limit = 100


class Ticker(Canonical):
    """The last price."""

    exchange: str
    symbol: str
    spelling: str | None = None
    price: Decimal
    volume: Decimal = ZERO
    at: AwareDatetime


class Book(Canonical):
    """The best levels, best first, as (price, quantity)."""

    exchange: str
    symbol: str
    spelling: str | None = None
    bids: tuple[tuple[Decimal, Decimal], ...] = ()
    asks: tuple[tuple[Decimal, Decimal], ...] = ()
    last_update_id: int = 0
    at: AwareDatetime


class Market(Canonical):
    """One pair that can be traded at one exchange."""

    exchange: str
    symbol: str
    is_active: bool = True


class Markets(Canonical):
    """Some of them."""

    items: tuple[Market, ...] = ()


class ListMarkets(Canonical):
    """Pairs, of one exchange or of all."""

    exchange: str | None = None
    limit: Limit = 100
