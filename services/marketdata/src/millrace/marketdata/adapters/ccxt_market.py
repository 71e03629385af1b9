"""One exchange's public market data through ccxt, as our own values and errors.

Numbers never pass through a float: ccxt is told to make decimals of the text that the exchange sent.
Tried against a local server that answers like Binance's public REST API; not verified live.
"""

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from millrace.common.kernel.clock import from_millis, to_millis
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import Instrument
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import parse_amount
from millrace.marketdata.app.feeds import SourceDown
from millrace.marketdata.domain.orderbook import BookSnapshot, Levels
from millrace.marketdata.domain.platforms import PLATFORMS
from millrace.marketdata.domain.ticks import Tick

OPTIONS: Mapping[str, tuple[type, str]] = {
    "timeout": (int, "milliseconds to wait for an answer"),
    "rateLimit": (int, "milliseconds between two requests"),
    "sandbox": (bool, "use the exchange's test network"),
}
"""All that a user may set. Nothing else reaches ccxt, whose constructor would take any attribute."""

_LIMITED_WAIT = 30.0
_SPOT = {"options": {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False}}
T = TypeVar("T")


class CcxtMarket:
    """Asks one exchange. Methods raise SourceDown for what may pass, MillraceError for what will not."""

    def __init__(self, exchange: str, *, options: Mapping[str, object] | None = None, base_url: str = "") -> None:
        if exchange not in PLATFORMS:
            raise MillraceError(
                Code.VALIDATION_ERROR, f"unknown exchange {exchange[:40]!r}; known are {', '.join(PLATFORMS)}"
            )
        self.exchange = exchange
        self.rejected = 0
        self._options = checked_options(options or {})
        self._base_url = base_url.rstrip("/")
        self._ccxt: Any = None
        self._client: Any = None

    async def open(self) -> None:
        """Load ccxt, which takes seconds, and the exchange's markets. Later calls do nothing."""
        if self._client is None:
            self._ccxt = await asyncio.to_thread(importlib.import_module, "ccxt.async_support")
            self._client = self._made()
        if not self._client.markets:
            await self._ask(self._client.load_markets())

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def trades(self, symbol: str, limit: int) -> list[Tick]:
        """The newest trades, oldest first. Binance's are aggregates: what one order took at one price."""
        rows = await self._ask(self._client.fetch_trades(symbol, None, limit))
        return sorted(self._each(rows, lambda row: self._tick(symbol, row)), key=lambda tick: tick.rank)

    async def candles(self, symbol: str, timeframe: str, since: datetime, limit: int) -> list[Candle]:
        """Candles from `since` on, oldest first; the last may still be forming."""
        rows = await self._ask(self._client.fetch_ohlcv(symbol, timeframe, to_millis(since), limit))
        found = self._each(rows, lambda row: self._candle(symbol, timeframe, row))
        return sorted((c for c in found if c.opened_at >= since), key=lambda candle: candle.opened_at)

    async def book(self, symbol: str, depth: int, at: datetime) -> BookSnapshot:
        """The best levels; `at` is for exchanges that name no time."""
        found = await self._ask(self._client.fetch_order_book(symbol, depth))
        time, number = found.get("timestamp"), found.get("nonce")
        seen = from_millis(int(time)) if time else at
        bids, asks = self._read(lambda: (_levels(found["bids"], depth), _levels(found["asks"], depth)))
        return BookSnapshot(self.exchange, symbol, bids, asks, int(number) if number else to_millis(seen), seen)

    def instrument(self, symbol: str) -> Instrument:
        """The exchange's own filters and fees. Raises INVALID_SYMBOL for a market it does not have."""
        if symbol not in self._client.markets:
            raise self._unknown(symbol)
        market = self._client.markets[symbol]
        least = market["limits"]["cost"]["min"]
        return self._read(
            lambda: Instrument(
                self.exchange,
                symbol,
                tick_size=_amount(market["precision"]["price"]),
                step_size=_amount(market["precision"]["amount"]),
                min_notional=_amount(least if least is not None else 0),
                maker_fee=_amount(market["maker"]),
                taker_fee=_amount(market["taker"]),
            )
        )

    def _made(self) -> Any:
        client = getattr(self._ccxt, self.exchange)({**_SPOT, "enableRateLimit": True, **self._options})
        client.number = Decimal
        client.timeout_on_exit = 0
        if self._options.pop("sandbox", False):
            client.set_sandbox_mode(True)
        if self._base_url:
            client.urls["api"] = _redirected(client.urls["api"], self._base_url)
        return client

    async def _ask(self, answer: Awaitable[T]) -> T:
        ccxt = self._ccxt
        try:
            return await answer
        except ccxt.BadSymbol as wrong:
            raise self._unknown(str(wrong)) from None
        except (ccxt.NotSupported, ccxt.AuthenticationError) as wrong:
            raise MillraceError(Code.UNAVAILABLE, f"{self.exchange} does not give this without keys: {wrong}") from None
        except (ccxt.RateLimitExceeded, ccxt.DDoSProtection) as wrong:
            raise SourceDown(f"{self.exchange} asks to slow down: {str(wrong)[:200]}", _LIMITED_WAIT) from None
        except (ccxt.BaseError, OSError, LookupError, TypeError, ValueError, AttributeError) as wrong:
            raise SourceDown(f"{self.exchange} did not answer: {str(wrong)[:200]}") from None

    def _each(self, rows: Any, reading: Callable[[Any], T]) -> list[T]:
        """What can be read. Rows that make no sense are dropped and counted, unless none does."""
        read: list[T] = []
        wrong: SourceDown | None = None
        for row in self._read(lambda: list(rows)):
            try:
                read.append(self._read(lambda row=row: reading(row)))  # type: ignore[misc]
            except SourceDown as down:
                self.rejected += 1
                wrong = down
        if wrong is not None and not read:
            raise wrong
        return read

    def _read(self, reading: Callable[[], T]) -> T:
        try:
            return reading()
        except (MillraceError, LookupError, TypeError, ValueError) as wrong:
            raise SourceDown(f"{self.exchange} sent what is no market data: {str(wrong)[:200]}") from None

    def _unknown(self, what: str) -> MillraceError:
        return MillraceError(Code.INVALID_SYMBOL, f"{self.exchange} has no market {what[:80]}")

    def _tick(self, symbol: str, row: Mapping[str, Any]) -> Tick:
        price, quantity = _amount(row["price"]), _amount(row["amount"])
        if price <= 0 or quantity <= 0:
            raise ValueError("a trade without price or quantity")
        return Tick(self.exchange, symbol, price, quantity, from_millis(int(row["timestamp"])), str(row["id"] or ""))

    def _candle(self, symbol: str, timeframe: str, row: Any) -> Candle:
        o, h, low, c, v = (_amount(value) for value in row[1:6])
        if not (0 < low <= min(o, c) and h >= max(o, c) and v >= 0):
            raise ValueError("the prices do not make a bar")
        return Candle(self.exchange, symbol, timeframe, from_millis(int(row[0])), o, h, low, c, v)


def checked_options(options: Mapping[str, object]) -> dict[str, Any]:
    """The options if all of them are allowed. Raises VALIDATION_ERROR with the ones that are not."""
    wrong = {name[:40]: "is not an allowed option" for name in options if name not in OPTIONS}
    for name, (kind, _) in OPTIONS.items():
        value = options.get(name)
        if name in options and (
            type(value) is not kind or (isinstance(value, int) and kind is int and not 0 < value <= 60_000)
        ):
            wrong[name] = "must be true or false" if kind is bool else "must be a whole number from 1 to 60000"
    if wrong:
        raise MillraceError(Code.VALIDATION_ERROR, f"exchange options may be {', '.join(OPTIONS)}", fields=wrong)
    return dict(options)


def _redirected(urls: Any, base: str) -> Any:
    if isinstance(urls, dict):
        return {name: _redirected(value, base) for name, value in urls.items()}
    scheme, host, *_ = urlsplit(base)
    return urlunsplit((scheme, host, urlsplit(urls).path, "", ""))


def _amount(value: Any) -> Decimal:
    return parse_amount(value)


def _levels(rows: Any, depth: int) -> Levels:
    return tuple((_amount(row[0]), _amount(row[1])) for row in rows[:depth])


def followed(candles: list[Candle], now: datetime, grace: timedelta) -> list[Candle]:
    """The candles that are surely closed: a later one is there, or their end is `grace` ago by our own clock.

    So a machine whose clock runs ahead of the exchange's does not take a forming candle for a closed one.
    """
    return [c for number, c in enumerate(candles) if number < len(candles) - 1 or c.closed_at + grace <= now]
