"""The system's own models, which everybody has from the start."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from millrace.common.db.work import Works
from millrace.common.kernel import timeframes
from millrace.common.kernel.clock import Clock, from_millis
from millrace.common.kernel.ids import derive_id
from millrace.common.kernel.symbols import parse_symbol
from millrace.ml.app.ports import Market, Series
from millrace.ml.app.trainings import Stretch, Trainings
from millrace.ml.domain.recipe import FEATURES, LEAST_BARS, MODEL_TYPE, MOST_BARS

_PLANT = """
insert into models (id, family, name, model_type, exchange, symbol, timeframe, version, features, created_at,
  updated_at)
values ($1, $1, $2, $3, $4, $5, $6, 0, $7, $8, $8) on conflict do nothing
"""
_BARE = """
select * from models m where id = any($1::uuid[]) and not is_active and not exists (
  select from trainings t where t.family = m.family and t.user_id is null
    and (t.status = 'started' or t.created_at > $2))
order by num
"""
_AGAIN = timedelta(hours=1)
_LONGEST = timedelta(days=365)
_NUMBERS: dict[str, Any] = {"learning_rate": 0.001, "batch_size": 32, "units": 24}


def seed_id(series: Series) -> UUID:
    """The id that the system's model of some candles has everywhere."""
    return derive_id(from_millis(0), "model", *series)


class Seeds:
    """Plants them, and has them learn in so many `epochs` once there is enough to learn from."""

    def __init__(
        self, series: Sequence[Series], epochs: int, works: Works, trainings: Trainings, market: Market, clock: Clock
    ) -> None:
        self._series = {seed_id(one): one for one in series}
        self._numbers = {**_NUMBERS, "epochs": epochs}
        self._works = works
        self._trainings = trainings
        self._market = market
        self._clock = clock

    async def plant(self) -> None:
        """They are known at once; they say nothing until they have learned."""
        now = self._clock.now()
        async with self._works.begin() as work:
            for model_id, series in self._series.items():
                name = f"{parse_symbol(series.symbol).base} price predictor"
                await work.connection.execute(_PLANT, model_id, name, MODEL_TYPE, *series, list(FEATURES), now)

    async def train(self) -> None:
        """Ask for the training of those that have not learned, at most once an hour each."""
        now = self._clock.now()
        bare = await self._works.database.fetch(_BARE, list(self._series), now - _AGAIN)
        for model in bare:
            series = self._series[model["id"]]
            if len(await self._market.last(series, now, LEAST_BARS + 1)) <= LEAST_BARS:
                continue
            start = now - min(_LONGEST, MOST_BARS * timeframes.length(series.timeframe))
            async with self._works.begin() as work:
                await self._trainings.start(work, dict(model), None, Stretch(start, now), self._numbers)
