"""Routes: bots and strategies."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from millrace.bots.app import commands, queries
from millrace.bots.app.runners import Runners
from millrace.common.auth.principal import Principal
from millrace.common.db.work import Works
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import not_found
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import body

Verb = Literal["start", "pause", "resume", "stop"]


class NewBot(BaseModel):
    """A bot to be made. `config` may hold position_size, leverage, timeframe and the strategy's parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=100)
    strategy_id: UUID
    exchange: str = "binance"
    symbol: str
    timeframe: str | None = None
    config: dict[str, Any] = Field(default_factory=dict)
    origin: str = "botplatform"


class ChangeBot(BaseModel):
    """What may be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = Field(None, min_length=1, max_length=100)
    config: dict[str, Any] | None = None


def routes(works: Works, runners: Runners, clock: Clock, default_timeframe: str, current: Any) -> APIRouter:
    """The API of the bots service."""
    api = APIRouter()
    user_dependency = Annotated[Principal, Depends(current)]

    @api.post("/bots", status_code=201)
    async def create(user: user_dependency, asked: Annotated[NewBot, Depends(body(NewBot))]) -> Response:
        async with works.begin(user.user_id) as work:
            row = await commands.create_bot(work, user.user_id, asked, default_timeframe, clock.now())
        return json_response(row, 201)

    @api.get("/bots")
    async def list_bots(
        user: user_dependency,
        status: Annotated[list[str] | None, Query()] = None,
        exchange: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            items, total = await queries.list_bots(connection, user.user_id, status, exchange, limit, offset)
        return json_response({"items": items, "total": total, "limit": limit, "offset": offset})

    @api.get("/bots/{bot_id}")
    async def get(user: user_dependency, bot_id: UUID) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            row = await queries.get_bot(connection, user.user_id, bot_id)
        if row is None:
            raise not_found("bot")
        return json_response(row)

    @api.patch("/bots/{bot_id}")
    async def change(
        user: user_dependency, bot_id: UUID, asked: Annotated[ChangeBot, Depends(body(ChangeBot))]
    ) -> Response:
        async with works.begin(user.user_id) as work:
            row = await commands.update_bot(work, user.user_id, bot_id, asked.name, asked.config, clock.now())
        return json_response(row)

    @api.post("/bots/{bot_id}/{verb}")
    async def act(user: user_dependency, bot_id: UUID, verb: Verb) -> Response:
        async with works.begin(user.user_id) as work:
            row = await commands.change_state(work, user.user_id, bot_id, verb, clock.now())
            if verb in ("stop", "pause", "start"):
                work.after_commit(lambda: runners.forget(bot_id))
        return json_response(row)

    @api.delete("/bots/{bot_id}")
    async def delete(user: user_dependency, bot_id: UUID) -> Response:
        async with works.begin(user.user_id) as work:
            row = await commands.change_state(work, user.user_id, bot_id, "delete", clock.now())
            work.after_commit(lambda: runners.forget(bot_id))
        return json_response(row)

    @api.get("/bots/{bot_id}/skips")
    async def skips(user: user_dependency, bot_id: UUID) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            if await queries.get_bot(connection, user.user_id, bot_id) is None:
                raise not_found("bot")
            return json_response({"items": await queries.skips(connection, user.user_id, bot_id)})

    @api.get("/accounts")
    async def accounts(user: user_dependency) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            return json_response({"items": await queries.accounts(connection, user.user_id)})

    @api.get("/strategies")
    async def strategies(user: user_dependency) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            return json_response({"items": await queries.strategies(connection, user.user_id)})

    return api
