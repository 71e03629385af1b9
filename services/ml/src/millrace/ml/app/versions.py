"""What a finished training leaves: a version with its weights and the predictions it was tested by."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.kernel import timeframes
from millrace.common.kernel.ids import derive_id
from millrace.common.kernel.market import Candle
from millrace.ml.domain.recipe import PREDICTION_TYPE, Learned
from millrace.ml.domain.rows import Foretold, foretold, fraction

_RETIRE = """
with retired as (update models set is_active = false, updated_at = $3
  where family = $1 and user_id = $2 and is_active returning id)
delete from weights where model_id in (select id from retired)
"""
_ADD = """
insert into models (id, user_id, family, name, model_type, exchange, symbol, timeframe, version, is_active,
  validation_score, test_score, features, due_at, created_at, updated_at)
select $1, $2, m.family, m.name, m.model_type, m.exchange, m.symbol, m.timeframe,
  (select max(version) + 1 from models v where v.family = m.family and (v.user_id is null or v.user_id = $2)),
  true, $4, $5, m.features, $6, $7, $7
from models m where m.id = $3
"""
_RIPEN = """
update models set is_active = true, validation_score = $2, test_score = $3, due_at = $4, updated_at = $5 where id = $1
"""
_WEIGHTS = """
insert into weights (model_id, user_id, parameters) values ($1, $2, $3)
on conflict (model_id) do update set parameters = excluded.parameters
"""
_PREDICTIONS = """
insert into predictions (id, user_id, model_id, exchange, symbol, prediction_type, base, predicted, confidence, actual,
  at, created_at)
select p.id, m.user_id, m.id, m.exchange, m.symbol, $2, p.base, p.predicted, p.confidence, p.actual, p.at, $3
from models m, unnest($4::uuid[], $5::numeric[], $6::numeric[], $7::numeric[], $8::numeric[], $9::timestamptz[])
  as p(id, base, predicted, confidence, actual, at)
where m.id = $1 on conflict do nothing
"""


async def add(
    work: Work, training: Mapping[str, Any], learned: Learned, candles: Sequence[Candle], now: datetime
) -> UUID:
    """The user's next version takes the place of his last; the system's own model, not learned before, comes alive."""
    execute, user_id = work.connection.execute, training["user_id"]
    scores = fraction(learned.validation_score), fraction(learned.test_score)
    due = candles[-1].closed_at + timeframes.length(training["timeframe"])
    if user_id is None:
        model_id: UUID = training["model_id"]
        await execute(_RIPEN, model_id, *scores, due, now)
    else:
        model_id = derive_id(training["created_at"], "model", training["id"])
        await execute(_RETIRE, training["family"], user_id, now)
        await execute(_ADD, model_id, user_id, training["model_id"], *scores, due, now)
    await execute(_WEIGHTS, model_id, user_id, learned.parameters)
    await keep(work, model_id, [foretold(model_id, candles, said) for said in learned.forecasts], now)
    await execute("update trainings set new_model_id = $2 where id = $1", training["id"], model_id)
    return model_id


async def keep(work: Work, model_id: UUID, said: Sequence[Foretold], now: datetime) -> None:
    """Store predictions of one model; one of the same time that is there stays."""
    columns = [list(column) for column in zip(*said, strict=True)] or [[] for _ in Foretold._fields]
    await work.connection.execute(_PREDICTIONS, model_id, PREDICTION_TYPE, now, *columns)
