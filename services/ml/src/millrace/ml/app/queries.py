"""Questions about models, trainings and predictions. The system's rows are everybody's to read."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from millrace.common.db.database import Connection
from millrace.common.kernel.errors import not_found

Row = dict[str, Any]
_MINE = "(user_id is null or user_id = $1)"
# a version of the user's own takes the place of the system's
_MODELS = f"""
(select *, is_active and (user_id is not null or not exists (
  select from models own where own.family = m.family and own.user_id = $1 and own.is_active)) as live
from models m where {_MINE}) as found
"""  # noqa: S608 - constants only
_MODEL = """
where ($2::text is null or symbol = $2) and ($3::text is null or model_type = $3) and ($4::bool is null or live = $4)
"""
_TRAINING = """
select t.*, m.num as model_num, j.progress, n.num as new_model_num
from trainings t join models m on m.id = t.model_id left join models n on n.id = t.new_model_id
left join jobs j on j.id = t.id
where (t.user_id is null or t.user_id = $1) and t.id = $2
"""
_PREDICTIONS = f"""
from predictions where {_MINE} and ($2::uuid is null or model_id = $2) and ($3::text is null or symbol = $3)
  and ($4::text is null or prediction_type = $4) and ($5::timestamptz is null or at >= $5)
  and ($6::timestamptz is null or at < $6)
"""
_PAGE = f"""
select p.*, actual - predicted as error, m.num as model_num from (
  select * {_PREDICTIONS} order by at desc, num desc limit $7 offset $8) as p join models m on m.id = p.model_id
order by p.at desc, p.num desc
"""  # noqa: S608
_ACCURACY = f"""
select count(*) as total, count(actual) as settled,
  coalesce(round(avg(((predicted > base) = (actual > base))::int), 6), 0) as directional_accuracy,
  coalesce(round(avg(abs(actual - predicted)), 8), 0) as mean_absolute_error,
  coalesce(round(sqrt(avg((actual - predicted) ^ 2)), 8), 0) as root_mean_square_error
{_PREDICTIONS}
"""


class Chosen(NamedTuple):
    """Which predictions; None means all. `since` is in the time asked for, `until` is not."""

    model_id: UUID | None = None
    symbol: str | None = None
    prediction_type: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def models(
    connection: Connection,
    user_id: UUID,
    symbol: str | None,
    model_type: str | None,
    active: bool | None,
    limit: int,
    offset: int,
) -> tuple[list[Row], int]:
    """A page of the models the user sees, oldest first, and how many there are."""
    which = (user_id, symbol, model_type, active)
    query = f"select * from {_MODELS} {_MODEL} order by num limit $5 offset $6"  # noqa: S608
    count = await connection.fetchval(f"select count(*) from {_MODELS} {_MODEL}", *which)  # noqa: S608
    return [dict(row) for row in await connection.fetch(query, *which, limit, offset)], count


async def model(connection: Connection, user_id: UUID, ref: UUID | int) -> Row:
    """One of them, by id or number. Raises NOT_FOUND."""
    column = "id" if isinstance(ref, UUID) else "num"
    query = f"select * from {_MODELS} where {column} = $2"  # noqa: S608 - of two constants
    found = await connection.fetchrow(query, user_id, ref)
    if found is None:
        raise not_found("model")
    return dict(found)


async def training(connection: Connection, user_id: UUID, training_id: UUID) -> Row:
    """One training of the user's own or the system's. Raises NOT_FOUND."""
    found = await connection.fetchrow(_TRAINING, user_id, training_id)
    if found is None:
        raise not_found("training")
    return dict(found)


async def predictions(
    connection: Connection, user_id: UUID, chosen: Chosen, limit: int, offset: int
) -> tuple[list[Row], Row]:
    """A page, newest first; and how many there are and how good all of them were."""
    rows = [dict(row) for row in await connection.fetch(_PAGE, user_id, *chosen, limit, offset)]
    [accuracy] = await connection.fetch(_ACCURACY, user_id, *chosen)
    return rows, dict(accuracy)
