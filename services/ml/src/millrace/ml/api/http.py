"""Routes: models, their trainings, and what they said."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime
from starlette.responses import Response

from millrace.common.auth.principal import Principal
from millrace.common.db.work import Works
from millrace.common.jobs.queue import Jobs
from millrace.common.kernel.errors import not_found
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import body
from millrace.ml.api.schemas import Model, Page, Prediction, Predictions, Train, Training
from millrace.ml.app import queries
from millrace.ml.app.queries import Chosen
from millrace.ml.app.trainings import Stretch, Trainings

Limit = Annotated[int, Query(ge=1, le=5000)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
_DIGITS = len(str(2**63))


def routes(works: Works, trainings: Trainings, jobs: Jobs, current: Any) -> APIRouter:
    """The API of the ml service."""
    api = APIRouter()
    user_dependency = Annotated[Principal, Depends(current)]
    _models(api, works, user_dependency)
    _trainings(api, works, trainings, jobs, user_dependency)
    _predictions(api, works, user_dependency)
    return api


def ref_of(ref: str) -> UUID | int:
    """A model's id or number. Raises NOT_FOUND for what can be neither."""
    if ref.isascii() and ref.isdigit() and len(ref) <= _DIGITS and int(ref) < 2**63:
        return int(ref)
    try:
        return UUID(ref)
    except ValueError:
        raise not_found("model") from None


_Ref = Annotated[UUID | int, Depends(ref_of)]


def _models(api: APIRouter, works: Works, user_dependency: Any) -> None:
    @api.get("/models")
    async def models(
        user: user_dependency,
        symbol: str | None = None,
        model_type: Annotated[str | None, Query(max_length=40)] = None,
        is_active: bool | None = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        pair = None if symbol is None else str(parse_symbol(symbol))
        async with works.database.as_user(user.user_id) as connection:
            rows, total = await queries.models(connection, user.user_id, pair, model_type, is_active, limit, offset)
        return json_response(
            Page[Model](items=[Model.of(row) for row in rows], total=total, limit=limit, offset=offset)
        )

    @api.get("/models/{ref}")
    async def model(user: user_dependency, ref: _Ref) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            return json_response(Model.of(await queries.model(connection, user.user_id, ref)))


def _trainings(api: APIRouter, works: Works, trainings: Trainings, jobs: Jobs, user_dependency: Any) -> None:
    @api.post("/models/{ref}/train", status_code=201)
    async def train(user: user_dependency, ref: _Ref, asked: Annotated[Train, Depends(body(Train))]) -> Response:
        stretch = Stretch(asked.start, asked.end, asked.validation_split)
        async with works.database.as_user(user.user_id) as connection:
            model = await queries.model(connection, user.user_id, ref)
        await trainings.check(model, stretch)
        async with works.begin(user.user_id) as work:
            numbers = asked.hyperparameters.numbers()
            training_id = await trainings.start(work, model, user.user_id, stretch, numbers, asked.intent_id)
            row = await queries.training(work.connection, user.user_id, training_id)
        return json_response(Training.of(row), 201)

    @api.get("/trainings/{training_id}")
    async def training(user: user_dependency, training_id: UUID) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            return json_response(Training.of(await queries.training(connection, user.user_id, training_id)))

    @api.post("/trainings/{training_id}/cancel")
    async def cancel(user: user_dependency, training_id: UUID) -> Response:
        async with works.begin(user.user_id) as work:
            row = await queries.training(work.connection, user.user_id, training_id)
            if row["user_id"] is None:
                raise not_found("training")
            await jobs.cancel(work.connection, training_id)
            row = await queries.training(work.connection, user.user_id, training_id)
        return json_response(Training.of(row))


def _predictions(api: APIRouter, works: Works, user_dependency: Any) -> None:
    @api.get("/predictions")
    async def predictions(
        user: user_dependency,
        model: str | None = None,
        symbol: str | None = None,
        prediction_type: Annotated[str | None, Query(max_length=40)] = None,
        since: AwareDatetime | None = None,
        until: AwareDatetime | None = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        pair = None if symbol is None else str(parse_symbol(symbol))
        async with works.database.as_user(user.user_id) as connection:
            one = None if model is None else await queries.model(connection, user.user_id, ref_of(model))
            chosen = Chosen(one["id"] if one else None, pair, prediction_type, since, until)
            rows, accuracy = await queries.predictions(connection, user.user_id, chosen, limit, offset)
        items = [Prediction(**row) for row in rows]
        return json_response(Predictions(items=items, limit=limit, offset=offset, **accuracy))
