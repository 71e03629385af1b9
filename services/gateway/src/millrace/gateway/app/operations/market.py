"""Prices, candles, books and what can be traded."""

from millrace.contracts.canonical import market
from millrace.gateway.app.asking import Asking, Handlers


async def ticker(asking: Asking, asked: market.AskMarket) -> market.Ticker:
    """The last price."""
    query = {"symbol": asked.symbol, "exchange": asked.exchange}
    found = await asking.ask("marketdata", "GET", "/ticker", query=query)
    return market.Ticker(
        exchange=found["exchange"],
        symbol=found["symbol"],
        spelling=asked.spelling,
        price=found["price"],
        volume=found["volume_24h"] or 0,
        at=found["at"],
    )


async def candles(asking: Asking, asked: market.ListCandles) -> market.Candles:
    """The newest candles of a stretch of time, oldest first."""
    query = {
        "symbol": asked.symbol,
        "exchange": asked.exchange,
        "timeframe": asked.timeframe,
        "from": asked.start and asked.start.isoformat(),
        "before": asked.end and asked.end.isoformat(),
        "limit": asked.limit,
    }
    found = await asking.ask("marketdata", "GET", "/candles", query=query)
    bars = tuple(
        market.Bar(
            opened_at=row["opened_at"],
            open=row["open"],
            high=row["high"],
            low=row["low"],
            close=row["close"],
            volume=row["volume"],
            quote_volume=row["quote_volume"],
            trades=row["trades_count"],
        )
        for row in found["items"]
    )
    end = asked.end or (bars[-1].opened_at if bars else max(asking.now, asked.start or asking.now))
    return market.Candles(
        exchange=found["exchange"],
        symbol=found["symbol"],
        spelling=asked.spelling,
        timeframe=found["timeframe"],
        start=asked.start or (bars[0].opened_at if bars else min(asking.now, end)),
        end=end,
        items=bars,
        has_more=found["has_more"],
    )


async def book(asking: Asking, asked: market.AskMarket) -> market.Book:
    """The best levels, best first."""
    query = {"symbol": asked.symbol, "exchange": asked.exchange, "limit": asked.limit}
    found = await asking.ask("marketdata", "GET", "/book", query=query)
    names = ("exchange", "symbol", "bids", "asks", "last_update_id", "at")
    return market.Book(**{name: found[name] for name in names}, spelling=asked.spelling)


async def symbols(asking: Asking, asked: market.ListMarkets) -> market.Markets:
    """What can be traded, what has prices first."""
    found = await asking.ask("marketdata", "GET", "/symbols", query={"exchange": asked.exchange})
    rows = found["items"][: asked.limit]
    return market.Markets(
        items=tuple(
            market.Market(exchange=row["exchange"], symbol=row["symbol"], is_active=row["active"]) for row in rows
        )
    )


HANDLERS: Handlers = {
    "market.ticker": ticker,
    "market.candles": candles,
    "market.book": book,
    "market.symbols": symbols,
}
