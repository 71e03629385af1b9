"""What can be asked of the market."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import INSTRUMENTS, Instrument, in_dollars
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import ZERO, divided
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.kernel.timeframes import SECONDS, parse_timeframe
from millrace.marketdata.app.history import History
from millrace.marketdata.app.intake import Intake
from millrace.marketdata.app.mirrors import LEAST
from millrace.marketdata.app.ports import Candles, Series
from millrace.marketdata.domain.derived import Derived, simulated_book
from millrace.marketdata.domain.orderbook import BookSnapshot
from millrace.marketdata.domain.platforms import PLATFORMS, Platform, platform
from millrace.marketdata.domain.ticks import Tick

_DAY = timedelta(days=1)
_PERCENT = Decimal("0.0001")
_FILTERS = ("exchange", "symbol", "base", "quote", "tick_size", "step_size", "min_notional")
_SHOWN = ("id", "display_name", "region", "icon", "color", "bot_limit", "maker_fee", "taker_fee", "description")
_OFFERED = ("timeframes", "credentials", "supports_paper")


class Market:
    """The stored and the present market. `offered` are the timeframes it stores, smallest first."""

    def __init__(
        self,
        candles: Candles,
        history: History,
        feed: str,
        exchange: str,
        offered: Sequence[str],
        intake: Intake | None,
        derived: Iterable[Derived],
        clock: Clock,
    ) -> None:
        self.offered = tuple(offered)
        self._candles = candles
        self._history = history
        self._feed = feed
        self._exchange = exchange
        self._intake = intake
        self._derived = {one.place: one for one in derived}
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
        if start is not None and start > self._clock.now() + _DAY:  # a market may run ahead of the clock
            end = await self._history.newest_end(series)
            if end is None or start > end + _DAY:
                raise MillraceError(Code.INVALID_DATE_RANGE, "the range begins in the future")
        found = await self._history.read(series, start, before, limit + 1)
        return series, found[-limit:], len(found) > limit

    def symbols(self, exchange: str | None, symbol: str | None = None) -> list[dict[str, Any]]:
        """The markets that are known, those of the feed first; `active` ones have prices now.

        Raises INVALID_SYMBOL for an unknown symbol, and for an unknown exchange.
        """
        known = (platform(exchange),) if exchange is not None else PLATFORMS.values()
        name = None if symbol is None else self._known(exchange, symbol)[1]
        rows = [self._listed(i) for each in known for i in each.instruments if name in (None, i.symbol)]
        return sorted(rows, key=lambda row: (not row["active"], row["derived_from"] is not None))

    async def ticker(self, exchange: str | None, symbol: str) -> dict[str, Any]:
        """The last price, the best bid and ask where a book is known, and what became of it in 24 hours.

        Raises INVALID_SYMBOL, NOT_FOUND for a market nobody listens to, and UNAVAILABLE before its first price.
        """
        place = self._known(exchange, symbol)
        tick = await self._last(place)
        derived, source = self._source(place)
        day = await self._day(source, tick.at)
        day = derived.candle(day) if derived and day else day
        top = self._top(place, 1)
        sides = (top.bids, top.asks) if top else ((), ())
        bid, ask = (side[0][0] if side else None for side in sides)
        answer = {"exchange": place[0], "symbol": place[1], "price": tick.price, "at": tick.at, "bid": bid, "ask": ask}
        return {**answer, **_change(tick.price, day)}

    async def book(self, exchange: str | None, symbol: str, depth: int) -> tuple[BookSnapshot, bool]:
        """The best levels of a market's order book, and whether it is made up around the last price, as it is where a
        played market has none. Raises INVALID_SYMBOL, and NOT_FOUND when there is no book.
        """
        place = self._known(exchange, symbol)
        if (top := self._top(place, depth)) is not None:
            return top, False
        derived, played = self._derived.get(place), place in self._live() and self._feed != "ccxt"
        market = derived.quoted if derived else INSTRUMENTS.get(place) if played else None
        if market is None:
            raise MillraceError(Code.NOT_FOUND, f"the market feed has no order book of {place[1]}")
        return simulated_book(market, await self._last(place), depth), True

    def platforms(self) -> list[dict[str, Any]]:
        """The exchanges, and how the ones that have prices are doing."""
        return [self._platform(each) for each in PLATFORMS.values()]

    def status(self, exchange: str) -> str:
        """How an exchange is doing: operational, degraded, replayed or not_listened_to."""
        if self._feed == "none" or exchange not in {self._exchange, *(place for place, _ in self._derived)}:
            return "not_listened_to"
        if self._intake is None:
            return "replayed"
        return "operational" if self._intake.feed.connected and not self._intake.feed.stale else "degraded"

    async def ask(self, exchange: str) -> None:
        """Put a small question to an exchange, as anybody would who wants to know its price. Raises SourceDown."""
        if self._intake is not None and self._feed == "ccxt":
            await self._intake.feed.ask()
        else:
            await self.ticker(exchange, PLATFORMS[exchange].instruments[0].symbol)

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
        pair = str(parse_symbol(symbol))
        named = [exchange] if exchange is not None else dict.fromkeys([self._exchange, *PLATFORMS])
        places = [platform(name).id for name in named]
        supported: list[str] = []
        for place in places:
            listed = {instrument.symbol for instrument in PLATFORMS[place].instruments}
            there = sorted(listed | {told for exchange, told in self._live() if exchange == place})
            for spelled in (pair, in_dollars(pair)):  # a pair in USD that is not listed is the one in USDT
                if spelled in there:
                    return place, spelled
            supported += [symbol for symbol in there if symbol not in supported]
        raise MillraceError(
            Code.INVALID_SYMBOL,
            f"{pair} is not known on {' or '.join(places)}; available: {', '.join(supported)}",
            details={"symbol": symbol[:40], "supported_symbols": supported},
        )

    async def _day(self, place: tuple[str, str], end: datetime) -> Candle | None:
        """The day until `end` as one candle: summed up of minutes where there are some."""
        for timeframe in ("1m", self.offered[0]) if "1m" in self.offered else self.offered[:1]:
            if (whole := await self._candles.summary(Series(*place, timeframe), end - _DAY, end)) is not None:
                return whole[0]
        return None

    def _live(self) -> set[tuple[str, str]]:
        return {(line.exchange, line.symbol) for line in self._intake.lines.values()} if self._intake else set()

    def _source(self, place: tuple[str, str]) -> tuple[Derived | None, tuple[str, str]]:
        """What a market is derived with, and the market that its data stands in."""
        derived = self._derived.get(place)
        return (None, place) if derived is None else (derived, (derived.exchange, derived.symbol))

    async def _last(self, place: tuple[str, str]) -> Tick:
        """The last trade, or that with which the last stored candle closed. Raises NOT_FOUND and UNAVAILABLE."""
        derived, source = self._source(place)
        live = source in self._live()
        tick = self._intake.lines[source[1]].tick if live and self._intake else None
        if tick is None:
            last = await self._history.newest(*source)
            if last is None and not live:
                raise MillraceError(Code.NOT_FOUND, f"the market feed has no price of {place[1]} on {place[0]}")
            if last is None:
                raise MillraceError(Code.UNAVAILABLE, f"no price of {place[1]} is known yet")
            tick = Tick(*source, last.close, last.volume, last.closed_at)
        return tick if derived is None else derived.tick(tick)

    def _top(self, place: tuple[str, str], depth: int) -> BookSnapshot | None:
        return self._intake.books.top(place[1], depth) if place in self._live() and self._intake else None

    def _listed(self, market: Instrument) -> dict[str, Any]:
        place = market.exchange, market.symbol
        derived, source = self._source(place)
        active = source in self._live()
        offered = [t for t in self.offered if derived is None or SECONDS[t] >= SECONDS[LEAST]]
        return {
            **{name: getattr(market, name) for name in _FILTERS},
            "base_currency": market.base,
            "quote_currency": market.quote,
            "status": "active" if active else "inactive",
            "timeframes": offered,
            "active": active,
            "supports_paper": place in INSTRUMENTS,
            "derived_from": f"{source[0]} {source[1]}" if derived else None,
        }

    def _platform(self, each: Platform) -> dict[str, Any]:
        status = self.status(each.id)
        return {
            **{name: getattr(each, name) for name in _SHOWN + _OFFERED},
            "name": each.display_name,
            "type": "exchange",
            "enabled": status != "not_listened_to",
            "supports_live": False,  # orders reach the simulated venue only
            "required_fields": each.credentials,
            "logo": f"{each.id}.svg",
            "symbols": [instrument.symbol for instrument in each.instruments],
            "status": status,
        }


def _change(price: Decimal, day: Candle | None) -> dict[str, Any]:
    if day is None:
        names = ("open_24h", "high_24h", "low_24h", "change_24h", "change_percent_24h")
        return {**dict.fromkeys(names), "volume_24h": ZERO}
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
