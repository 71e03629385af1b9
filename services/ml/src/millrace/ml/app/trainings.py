"""Asking for a training, and doing it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from millrace.common.db.work import Work
from millrace.common.jobs.queue import Jobs
from millrace.common.jobs.run import Run
from millrace.common.kernel import timeframes
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.ids import new_id
from millrace.common.kernel.market import Candle
from millrace.ml.app import versions
from millrace.ml.app.ports import Market, Series, Workshop
from millrace.ml.domain.recipe import HISTORY, LEAST_BARS, LEAST_SAMPLES, MOST_BARS, Bars, Recipe, parts

JOB = "train"
_ADD = """
insert into trainings (id, user_id, family, model_id, start_at, end_at, validation_split, hyperparameters,
  estimated_seconds, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10) on conflict do nothing returning id
"""
_KNOWN = "select id from trainings where id = $1 and user_id = $2"
_FOUND = """
select t.*, m.exchange, m.symbol, m.timeframe from trainings t join models m on m.id = t.model_id where t.id = $1
"""


class Stretch(NamedTuple):
    """What to learn from: candles that opened in [`start`, `end`), and the fraction of them that is held out."""

    start: datetime
    end: datetime
    split: Decimal = Decimal("0.2")


class Trainings:
    """Asks for trainings. `longest` is how many seconds one may likely take."""

    def __init__(self, jobs: Jobs, market: Market, clock: Clock, longest: float) -> None:
        self._jobs = jobs
        self._market = market
        self._clock = clock
        self._longest = longest

    async def check(self, model: Mapping[str, Any], stretch: Stretch) -> None:
        """Whether there is something to learn from, which who asks would else never be told.

        Raises INVALID_DATE_RANGE, and UNAVAILABLE while the market cannot be asked.
        """
        now = self._clock.now()
        _count(stretch, model["timeframe"], now)
        await stored(self._market, model, stretch, now)

    async def start(
        self,
        work: Work,
        model: Mapping[str, Any],
        user_id: UUID | None,
        stretch: Stretch,
        numbers: Mapping[str, Any],
        intent_id: UUID | None = None,
    ) -> UUID:
        """A version of the user's own (the system's without one) will be learned; the id is also the job's.

        The same `intent_id` again begins nothing. `numbers` are those of the recipe. Raises INVALID_DATE_RANGE,
        VALIDATION_ERROR for what would take too long, and INVALID_STATE while the same is under way.
        """
        now, training_id = self._clock.now(), intent_id or new_id(self._clock)
        bars = _count(stretch, model["timeframe"], now)
        seconds = Recipe(**numbers).estimated_seconds(bars)
        if seconds > self._longest:
            why = f"would take about {seconds / 60:.0f} minutes, more than {self._longest / 60:.0f}"
            raise MillraceError(
                Code.VALIDATION_ERROR,
                f"the training {why}: ask for fewer epochs, fewer units or a shorter time",
                fields={"hyperparameters": why},
            )
        ids = (training_id, user_id, model["family"], model["id"])
        asked = (*stretch, orjson.dumps(dict(numbers)).decode(), seconds, now)
        if await work.connection.fetchval(_ADD, *ids, *asked) is None:
            if await work.connection.fetchval(_KNOWN, training_id, user_id):
                return training_id
            raise MillraceError(Code.INVALID_STATE, "a training of this model is under way")
        return await self._jobs.enqueue(work, JOB, user_id=user_id, job_id=training_id)


def _count(stretch: Stretch, timeframe: str, now: datetime) -> int:
    if stretch.start >= min(stretch.end, now):
        raise _range("the time to learn from must begin before it ends, and in the past")
    bars = (min(stretch.end, now) - stretch.start) // timeframes.length(timeframe)
    if bars < LEAST_BARS:
        raise _range(f"learning needs {LEAST_BARS} candles of {timeframe}; in this time there are {bars}")
    if bars > MOST_BARS + HISTORY:
        raise _range(f"the time to learn from has {bars} candles of {timeframe}; at most {MOST_BARS} are learned from")
    if min(parts(bars - HISTORY, float(stretch.split))) < LEAST_SAMPLES:
        why = f"leaves fewer than {LEAST_SAMPLES} of {bars} candles for a part"
        raise MillraceError(Code.VALIDATION_ERROR, f"validation_split {why}", fields={"validation_split": why})
    return bars


def _range(why: str) -> MillraceError:
    return MillraceError(Code.INVALID_DATE_RANGE, why, fields={"start": why})


async def stored(
    market: Market, model: Mapping[str, Any], stretch: Stretch, now: datetime, most: int = LEAST_BARS + 1
) -> list[Candle]:
    """The closed ones of the newest `most` candles to learn from, of which the last may be open.

    Raises INVALID_DATE_RANGE when there are too few of them.
    """
    series = Series(model["exchange"], model["symbol"], model["timeframe"])
    found = await market.between(series, stretch.start, min(stretch.end, now), most)
    closed = [candle for candle in found if candle.closed_at <= now]
    if len(closed) < LEAST_BARS:
        raise _range(
            f"{len(closed)} candles of {series.symbol} {series.timeframe} are stored of this time; "
            f"learning needs {LEAST_BARS}"
        )
    return closed


class Trainer:
    """Does the job: candles, learning, a new version. What is repeated after a crash adds nothing twice."""

    def __init__(self, market: Market, workshop: Workshop, clock: Clock) -> None:
        self._market = market
        self._workshop = workshop
        self._clock = clock

    async def train(self, run: Run) -> dict[str, Any]:
        """The handler of `JOB`."""
        async with run.begin() as work:
            [row] = map(dict, await work.connection.fetch(_FOUND, run.job.id))
        if row["new_model_id"] is not None:
            return {"model_id": str(row["new_model_id"])}
        candles = await self._candles(row)
        numbers = orjson.loads(row["hyperparameters"])
        recipe = Recipe(split=float(row["validation_split"]), seed=run.job.id.int % 2**32, **numbers)
        learned = await self._workshop.learn(run, Bars.of(candles, row["timeframe"]), recipe)
        async with run.begin() as work:
            model_id = await versions.add(work, row, learned, candles, self._clock.now())
        scores = {"validation_score": learned.validation_score, "test_score": learned.test_score}
        return {"model_id": str(model_id), "samples": learned.samples, "best_epoch": learned.best_epoch, **scores}

    async def _candles(self, row: Mapping[str, Any]) -> list[Candle]:
        stretch = Stretch(row["start_at"], row["end_at"])
        return await stored(self._market, row, stretch, self._clock.now(), MOST_BARS + HISTORY)
