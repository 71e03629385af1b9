"""Says what comes next whenever a bar has closed, and notes what came of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from millrace.common.db.work import Works
from millrace.common.kernel import timeframes
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.market import Candle
from millrace.ml.app import versions
from millrace.ml.app.ports import Market, Series, Workshop
from millrace.ml.domain.recipe import HISTORY, MOST_BARS, Bars, Forecast
from millrace.ml.domain.rows import foretold

_OPEN = """
select m.exchange, m.symbol, m.timeframe, min(p.at) as oldest from predictions p join models m on m.id = p.model_id
where p.actual is null and p.at <= $1 and p.at > $2 group by 1, 2, 3 order by 1, 2, 3
"""
_SETTLE = """
update predictions p set actual = came.close
from models m, unnest($4::timestamptz[], $5::numeric[]) as came(at, close)
where p.actual is null and p.at = came.at and m.id = p.model_id
  and m.exchange = $1 and m.symbol = $2 and m.timeframe = $3
"""
_DUE = """
select m.*, w.parameters from models m join weights w on w.model_id = m.id
where m.is_active and m.due_at <= $1 order by m.due_at, m.num limit 200
"""
_FORGET = "delete from predictions where at < $1"
_WAITED = timedelta(days=30)


class Forecaster:
    """Looks at the models whose last word has come true or not."""

    def __init__(self, works: Works, market: Market, workshop: Workshop, clock: Clock, kept: timedelta) -> None:
        self._works = works
        self._market = market
        self._workshop = workshop
        self._clock = clock
        self._kept = kept

    async def turn(self) -> None:
        """Settle, foretell, forget. Where nothing has closed it costs three queries."""
        now = self._clock.now()
        for row in await self._works.database.fetch(_OPEN, now, now - _WAITED):
            await self._settle(Series(row["exchange"], row["symbol"], row["timeframe"]), row["oldest"], now)
        due: dict[Series, list[Any]] = {}
        for row in await self._works.database.fetch(_DUE, now):
            due.setdefault(Series(row["exchange"], row["symbol"], row["timeframe"]), []).append(row)
        for series, models in due.items():
            await self._foretell(series, models, now)
        async with self._works.begin() as work:
            await work.connection.execute(_FORGET, now - self._kept)

    async def _settle(self, series: Series, oldest: datetime, now: datetime) -> None:
        start = oldest - timeframes.length(series.timeframe)
        closed = _closed(await self._market.between(series, start, now, MOST_BARS), now)
        came = [candle.closed_at for candle in closed], [candle.close for candle in closed]
        async with self._works.begin() as work:
            await work.connection.execute(_SETTLE, *series, *came)

    async def _foretell(self, series: Series, models: Sequence[Any], now: datetime) -> None:
        candles = _closed(await self._market.last(series, now, HISTORY + 1), now)[-HISTORY:]
        if not candles or (due := candles[-1].closed_at + timeframes.length(series.timeframe)) <= now:
            return  # the market is behind: a word about what has closed already would not be foretold
        bars = Bars.of(candles, series.timeframe)
        said = await self._workshop.foretell([(model["parameters"], bars) for model in models])
        async with self._works.begin() as work:
            for model, forecast in zip(models, said, strict=True):
                await work.connection.execute("update models set due_at = $2 where id = $1", model["id"], due)
                if isinstance(forecast, Forecast):
                    await versions.keep(work, model["id"], [foretold(model["id"], candles, forecast)], now)


def _closed(candles: Sequence[Candle], now: datetime) -> list[Candle]:
    return [candle for candle in candles if candle.closed_at <= now]
