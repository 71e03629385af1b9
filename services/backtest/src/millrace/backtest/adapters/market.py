"""Stored candles, asked of the marketdata service."""

from datetime import datetime
from typing import Any

import orjson

from millrace.backtest.app.evaluate import Stored
from millrace.common.auth.internal import HEADER, Identities
from millrace.common.auth.principal import Principal
from millrace.common.kernel.instruments import Instrument
from millrace.common.web.client import Answer, ServiceClient

PAGE = 500  # a page of 5,000 keeps the loop of an embedded platform from everybody else for a tenth of a second


class MarketCandles:
    """Asks for pages of candles; they stay as they come, for the process that computes."""

    def __init__(self, client: Any, identities: Identities, me: Principal) -> None:
        self._client = client
        self._identities = identities
        self._me = me

    async def any(self, instrument: Instrument, timeframe: str, start: datetime, end: datetime) -> bool:
        """Whether there is one."""
        answer = await self._ask(instrument, timeframe, end, 1, start)
        return bool(answer.json()["items"])

    async def read(self, instrument: Instrument, timeframe: str, start: datetime, end: datetime, warmup: int) -> Stored:
        """All of them. Raises UNAVAILABLE while the market cannot be asked."""
        pages: list[bytes] = []
        before: str | None = end.isoformat()
        while before is not None:
            answer = await self._ask(instrument, timeframe, before, PAGE, start)
            pages.insert(0, answer.body)
            before = orjson.loads(answer.body)["next_before"]
        past = (await self._ask(instrument, timeframe, start, warmup)).body if warmup else None
        return Stored(instrument, timeframe, [past] if past else [], pages)

    async def _ask(
        self, instrument: Instrument, timeframe: str, before: datetime | str, limit: int, start: datetime | None = None
    ) -> Answer:
        client: ServiceClient = self._client("marketdata")
        answer = await client.request(
            "GET",
            "/candles",
            query={
                "exchange": instrument.exchange,
                "symbol": instrument.symbol,
                "timeframe": timeframe,
                "from": start.isoformat() if start else None,
                "before": before if isinstance(before, str) else before.isoformat(),
                "limit": limit,
            },
            headers={HEADER: self._identities.sign(self._me, "marketdata")},
        )
        answer.value()
        return answer
