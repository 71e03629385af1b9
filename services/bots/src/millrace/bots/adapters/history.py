"""Stored candles, asked of the marketdata service."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from millrace.common.auth.internal import HEADER, Identities
from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.market import Candle
from millrace.common.web.client import ServiceClient

_SENSELESS = {
    Code.VALIDATION_ERROR,
    Code.NOT_FOUND,
    Code.INVALID_SYMBOL,
    Code.INVALID_TIMEFRAME,
    Code.INVALID_DATE_RANGE,
}


class MarketHistory:
    """Asks for the last candles before an instant."""

    def __init__(self, client: Any, identities: Identities, me: Principal) -> None:
        self._client = client
        self._identities = identities
        self._me = me

    async def before(self, exchange: str, symbol: str, timeframe: str, before: datetime, count: int) -> list[Candle]:
        """Oldest first; fewer when there are fewer.

        Raises the market's own error when the question makes no sense. Any other is not the asking bot's fault and a
        ConnectionError, which is waited for.
        """
        try:
            return await self._ask(exchange, symbol, timeframe, before, count)
        except MillraceError as problem:
            if problem.code in _SENSELESS:
                raise
            raise ConnectionError(f"the marketdata service does not answer: {problem.code}") from problem

    async def _ask(self, exchange: str, symbol: str, timeframe: str, before: datetime, count: int) -> list[Candle]:
        client: ServiceClient = self._client("marketdata")
        answer = await client.request(
            "GET",
            "/candles",
            query={
                "exchange": exchange,
                "symbol": symbol,
                "timeframe": timeframe,
                "before": before.isoformat(),
                "limit": count,
            },
            headers={HEADER: self._identities.sign(self._me, "marketdata")},
        )
        return [_candle(exchange, symbol, timeframe, row) for row in answer.value()["items"]]


def _candle(exchange: str, symbol: str, timeframe: str, row: dict[str, Any]) -> Candle:
    opened_at = datetime.fromisoformat(row["opened_at"])
    opened, high, low, close, volume = (Decimal(row[name]) for name in ("open", "high", "low", "close", "volume"))
    return Candle(exchange, symbol, timeframe, opened_at, opened, high, low, close, volume)
