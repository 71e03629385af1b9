"""Stored candles, asked of the marketdata service."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from millrace.common.auth.internal import HEADER, Identities
from millrace.common.auth.principal import Principal
from millrace.common.kernel.market import Candle
from millrace.common.web.client import ServiceClient
from millrace.ml.app.ports import Series

_PAGE = 5_000
_NAME = "marketdata"


class MarketCandles:
    """Asks for candles, a page at a time."""

    def __init__(self, client: Any, identities: Identities, me: Principal) -> None:
        self._client = client
        self._identities = identities
        self._me = me

    async def between(self, series: Series, start: datetime, end: datetime, most: int) -> list[Candle]:
        found: list[Candle] = []
        before: str | None = end.isoformat()
        while before is not None and len(found) < most:
            page = await self._ask(series, before, min(_PAGE, most - len(found)), start)
            found[:0] = [_candle(series, row) for row in page["items"]]
            before = page["next_before"]
        return found

    async def last(self, series: Series, before: datetime, count: int) -> list[Candle]:
        page = await self._ask(series, before.isoformat(), count)
        return [_candle(series, row) for row in page["items"]]

    async def _ask(self, series: Series, before: str, limit: int, start: datetime | None = None) -> Any:
        client: ServiceClient = self._client(_NAME)
        opened = {"from": start.isoformat() if start else None, "before": before}
        query = {**series._asdict(), **opened, "limit": limit}
        headers = {HEADER: self._identities.sign(self._me, _NAME)}
        return (await client.request("GET", "/candles", query=query, headers=headers)).value()


def _candle(series: Series, row: dict[str, Any]) -> Candle:
    opened, high, low, close, volume = (Decimal(row[name]) for name in ("open", "high", "low", "close", "volume"))
    return Candle(*series, datetime.fromisoformat(row["opened_at"]), opened, high, low, close, volume)
