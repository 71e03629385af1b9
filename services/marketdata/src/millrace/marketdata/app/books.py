"""The order books of all markets, and what they show."""

import structlog

from millrace.common.telemetry import metrics
from millrace.marketdata.domain.orderbook import BookOutOfSync, BookSnapshot, BookUpdate, OrderBook

log = structlog.get_logger()


class Books:
    """Keeps a book for each market that tells of one. A book with a hole shows nothing until its next snapshot."""

    def __init__(self) -> None:
        self._books: dict[str, OrderBook] = {}

    def take(self, item: BookSnapshot | BookUpdate, depth: int) -> BookSnapshot | None:
        """Apply what was told; returns the best `depth` levels when they may have changed and can be trusted."""
        book = self._books.setdefault(item.symbol, OrderBook(item.exchange, item.symbol))
        try:
            changed = book.take(item)
        except BookOutOfSync as hole:
            metrics.MARKET_RESYNCS.labels(item.exchange, item.symbol).inc()
            log.warning("order book out of sync", exchange=item.exchange, symbol=item.symbol, reason=str(hole))
            return None
        return self.top(item.symbol, depth) if changed else None

    def top(self, symbol: str, depth: int) -> BookSnapshot | None:
        """The best levels of a market; None while it has no book that can be trusted."""
        book = self._books.get(symbol)
        if book is None or not book.ready or book.crossed:
            return None
        return book.top(depth)
