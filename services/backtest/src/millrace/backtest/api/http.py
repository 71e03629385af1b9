"""Routes: backtests and their results."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from millrace.backtest.api.schemas import NewBacktest, Number, Status
from millrace.backtest.app import queries
from millrace.backtest.app.backtests import Backtests
from millrace.common.auth.principal import Principal
from millrace.common.db.database import Database
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import body


def routes(database: Database, backtests: Backtests, current: Any) -> APIRouter:
    """The API of the backtest service. A backtest goes by its id or its number."""
    api = APIRouter()
    user_dependency = Annotated[Principal, Depends(current)]

    @api.post("/backtests", status_code=201)
    async def create(user: user_dependency, asked: Annotated[NewBacktest, Depends(body(NewBacktest))]) -> Response:
        return json_response(await backtests.create(user, asked), 201)

    @api.get("/backtests")
    async def listed(
        user: user_dependency,
        status: Annotated[list[Status] | None, Query()] = None,
        strategy: UUID | Number | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> Response:
        async with database.as_user(user.user_id) as connection:
            items, total = await queries.listed(connection, user.user_id, status, strategy, limit, offset)
        return json_response({"items": items, "total": total, "limit": limit, "offset": offset})

    @api.get("/backtests/{ref}")
    async def get(user: user_dependency, ref: UUID | Number) -> Response:
        async with database.as_user(user.user_id) as connection:
            return json_response(await queries.one(connection, user.user_id, ref))

    @api.get("/backtests/{ref}/results")
    async def results(user: user_dependency, ref: UUID | Number) -> Response:
        async with database.as_user(user.user_id) as connection:
            return json_response(await queries.results(connection, user.user_id, ref))

    @api.post("/backtests/{ref}/cancel")
    async def cancel(user: user_dependency, ref: UUID | Number) -> Response:
        return json_response(await backtests.cancel(user.user_id, ref))

    @api.delete("/backtests/{ref}", status_code=204)
    async def delete(user: user_dependency, ref: UUID | Number) -> Response:
        await backtests.delete(user.user_id, ref)
        return Response(status_code=204)

    return api
