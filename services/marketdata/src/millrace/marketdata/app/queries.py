"""What can be asked of the market."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import INSTRUMENTS, Instrument
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import divided
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.kernel.timeframes import parse_timeframe
from millrace.marketdata.app.intake import Intake
from millrace.marketdata.app.ports import Candles, Series
from millrace.marketdata.domain.orderbook import BookSnapshot
from millrace.marketdata.domain.platforms import PLATFORMS, Platform

_DAY = timedelta(days=1)
_PERCENT = Decimal("0.0001")
_FILTERS = ("exchange", "symbol", "base", "quote", "tick_size", "step_size", "min_notional")


class Market:
    """The stored and the present market. `offered` are the timeframes it has, smallest first."""

    def __init__(
        self,
        candles: Candles,
        feed: str,
        exchange: str,
        offered: Sequence[str],
        intake: Intake | None,
        clock: Clock,
    ) -> None:
        self.offered = tuple(offered)
        self._candles = candles
        self._feed = feed
        self._exchange = exchange
        self._intake = intake
        self._clock = clock

    async def candles(
        self,
        exchange: str | None,
        symbol: str,
        timeframe: str,
        start: datetime | None,
        before: datetime | None,
        limit: int,
    ) -> tuple[Series, list[Candle], bool]:
        """The newest `limit` candles that opened in [`start`, `before`), oldest first, and whether there are more.

        Raises INVALID_SYMBOL, INVALID_TIMEFRAME and INVALID_DATE_RANGE.
        """
        series = Series(*self._known(exchange, symbol), parse_timeframe(timeframe))
        start, before = _utc(start), _utc(before)
        if start is not None and before is not None and start > before:
            raise MillraceError(Code.INVALID_DATE_RANGE, "the range ends before it begins")
        found = await self._candles.read(series, start=start, before=before, limit=limit + 1)
        return series, found[-limit:], len(found) > limit

    def symbols(self, exchange: str | None) -> list[dict[str, Any]]:
        """The markets that are known, those of the feed first; `active` ones have prices now."""
        live = self._live()
        known = [i for platform in PLATFORMS.values() for i in platform.instruments if exchange in (None, i.exchange)]
        rows = [_listed(i, self.offered, (i.exchange, i.symbol) in live) for i in known]
        return sorted(rows, key=lambda row: not row["active"])

    async def ticker(self, exchange: str | None, symbol: str) -> dict[str, Any]:
        """The last price, the best bid and ask where a book is known, and what became of it in 24 hours.

        Raises INVALID_SYMBOL, NOT_FOUND for a market nobody listens to, and UNAVAILABLE before its first price.
        """
        place, symbol = self._known(exchange, symbol)
        smallest = Series(place, symbol, self.offered[0])
        found = await self._candles.read(smallest, start=None, before=None, limit=1)
        tick = self._tick(place, symbol)
        if tick is None and not found:
            if (place, symbol) not in self._live():
                raise MillraceError(Code.NOT_FOUND, f"the market feed has no price of {symbol} on {place}")
            raise MillraceError(Code.UNAVAILABLE, f"no price of {symbol} is known yet")
        price, at = (tick.price, tick.at) if tick else (found[-1].close, found[-1].closed_at)
        day = await self._candles.summary(smallest._replace(timeframe=self._coarse), at - _DAY, at)
        top = self._top(place, symbol, 1)
        answer = {"exchange": place, "symbol": symbol, "price": price, "at": at, "bid": None, "ask": None}
        if top is not None:
            answer["bid"], answer["ask"] = (side[0][0] if side else None for side in (top.bids, top.asks))
        return {**answer, **_change(price, day[0] if day else None)}

    def book(self, exchange: str | None, symbol: str, depth: int) -> BookSnapshot:
        """The best levels of a market's order book. Raises INVALID_SYMBOL, and NOT_FOUND when no book is known."""
        place, symbol = self._known(exchange, symbol)
        top = self._top(place, symbol, depth)
        if top is None:
            raise MillraceError(Code.NOT_FOUND, f"the market feed has no order book of {symbol}")
        return top

    def platforms(self) -> list[dict[str, Any]]:
        """The exchanges, and how the one that is listened to is doing."""
        return [{**_platform(platform), "status": self._status(platform.id)} for platform in PLATFORMS.values()]

    def health(self) -> dict[str, Any]:
        """How the feed is doing; ages in seconds of the market's last trade by this machine's clock."""
        now, intake = self._clock.now(), self._intake
        answer: dict[str, Any] = {"feed": self._feed, "exchange": self._exchange, "timeframes": list(self.offered)}
        if intake is None:
            return {**answer, "connected": False, "stale": False, "symbols": []}
        rows = []
        for line in intake.lines.values():
            at = line.tick.at if line.tick else None
            age = None if at is None else max((now - at).total_seconds(), 0.0)
            rows.append({"symbol": line.symbol, "last_at": at, "age_seconds": age, "late_ticks": line.late})
        feed = intake.feed
        answer |= {"connected": feed.connected, "stale": feed.stale, "reconnects": feed.reconnects}
        return {**answer, "heard_at": intake.heard_at, "missing_candles": intake.missing, "symbols": rows}

    def _known(self, exchange: str | None, symbol: str) -> tuple[str, str]:
        """The market's canonical name; without an exchange, at the feed's or else at the first that has it.

        Raises INVALID_SYMBOL.
        """
        name = str(parse_symbol(symbol))
        places = {exchange.strip().lower()} if exchange is not None else dict.fromkeys([self._exchange, *PLATFORMS])
        supported: list[str] = []
        for place in places:
            if place not in PLATFORMS:
                raise MillraceError(
                    Code.INVALID_SYMBOL, f"{place[:40]!r} is not a known exchange; known are {', '.join(PLATFORMS)}"
                )
            listed = {instrument.symbol for instrument in PLATFORMS[place].instruments}
            there = sorted(listed | {told for exchange, told in self._live() if exchange == place})
            if name in there:
                return place, name
            supported += [symbol for symbol in there if symbol not in supported]
        raise MillraceError(
            Code.INVALID_SYMBOL,
            f"{name} is not known on {' or '.join(places)}; available: {', '.join(supported)}",
            details={"symbol": symbol[:40], "supported_symbols": supported},
        )

    @property
    def _coarse(self) -> str:
        """A day is summed up of minutes where there are some."""
        return "1m" if "1m" in self.offered else self.offered[0]

    def _live(self) -> set[tuple[str, str]]:
        return {(line.exchange, line.symbol) for line in self._intake.lines.values()} if self._intake else set()

    def _status(self, exchange: str) -> str:
        if exchange != self._exchange or self._feed == "none":
            return "not_listened_to"
        if self._intake is None:
            return "replayed"
        return "operational" if self._intake.feed.connected and not self._intake.feed.stale else "degraded"

    def _tick(self, exchange: str, symbol: str) -> Any:
        return self._intake.lines[symbol].tick if (exchange, symbol) in self._live() and self._intake else None

    def _top(self, exchange: str, symbol: str, depth: int) -> BookSnapshot | None:
        return self._intake.books.top(symbol, depth) if (exchange, symbol) in self._live() and self._intake else None


def _listed(instrument: Instrument, offered: Sequence[str], active: bool) -> dict[str, Any]:
    row = {name: getattr(instrument, name) for name in _FILTERS}
    paper = (instrument.exchange, instrument.symbol) in INSTRUMENTS
    return {**row, "timeframes": list(offered), "active": active, "supports_paper": paper}


def _platform(platform: Platform) -> dict[str, Any]:
    names = ("id", "display_name", "region", "maker_fee", "taker_fee", "timeframes", "credentials", "supports_paper")
    symbols = [instrument.symbol for instrument in platform.instruments]
    return {**{name: getattr(platform, name) for name in names}, "symbols": symbols}


def _change(price: Decimal, day: Candle | None) -> dict[str, Any]:
    if day is None:
        return dict.fromkeys(("open_24h", "high_24h", "low_24h", "volume_24h", "change_24h", "change_percent_24h"))
    change = price - day.open
    return {
        "open_24h": day.open,
        "high_24h": max(day.high, price),
        "low_24h": min(day.low, price),
        "volume_24h": day.volume,
        "change_24h": change,
        "change_percent_24h": divided(change * 100, day.open).quantize(_PERCENT),
    }


def _utc(moment: datetime | None) -> datetime | None:
    """The instant in UTC; a time without a zone is meant so. Raises VALIDATION_ERROR for one before the calendar."""
    if moment is None:
        return None
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise MillraceError(Code.VALIDATION_ERROR, "a time of the range is outside the calendar") from None
