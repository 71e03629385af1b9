"""Routes of strategies and of the system mode."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from millrace.bots.api.http import BotId, Desk
from millrace.bots.api.schemas import ChangeStrategy, ChosenMode, NewStrategy, strategy
from millrace.bots.app import modes, running, strategies
from millrace.bots.app.earnings import measured
from millrace.bots.app.modes import Autopilot
from millrace.common.auth.principal import Principal
from millrace.common.db.work import Work
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import body


def strategy_routes(desk: Desk) -> APIRouter:
    """What users do with strategies. Each is shown with what all bots on it earned."""
    api = APIRouter()
    works, clock = desk.works, desk.clock
    user_dependency = Annotated[Principal, Depends(desk.current)]

    async def shown(user: Principal, *rows: dict[str, Any]) -> list[dict[str, Any]]:
        return [strategy(row) for row in await measured(works.database, desk.others, user, rows)]

    async def answer(user: Principal, row: dict[str, Any], status: int = 200) -> Response:
        return json_response((await shown(user, row))[0], status)

    async def run(work: Work, user: Principal, row: dict[str, Any], verb: str) -> dict[str, Any]:
        if verb == "start":
            return await running.start(work, user.user_id, row, desk.timeframe, clock.now())
        return await running.stop(work, user.user_id, row, clock.now(), desk.forget)

    @api.post("/strategies", status_code=201)
    async def create(user: user_dependency, asked: Annotated[NewStrategy, Depends(body(NewStrategy))]) -> Response:
        async with works.begin(user.user_id) as work:
            row = await strategies.create(work, user.user_id, asked.terms(), clock.now())
        return await answer(user, row, 201)

    @api.get("/strategies")
    async def list_strategies(
        user: user_dependency,
        is_active: bool | None = None,
        strategy_type: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            chosen = (is_active, strategy_type, limit, offset)
            rows, total = await strategies.page(connection, user.user_id, *chosen)
        items = await shown(user, *rows)
        return json_response({"items": items, "total": total, "limit": limit, "offset": offset})

    @api.get("/strategies/{strategy_id}")
    async def get(user: user_dependency, strategy_id: BotId) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            row = await strategies.get(connection, user.user_id, strategy_id)
        return await answer(user, row)

    @api.put("/strategies/{strategy_id}")
    async def change(
        user: user_dependency,
        strategy_id: BotId,
        asked: Annotated[ChangeStrategy, Depends(body(ChangeStrategy))],
    ) -> Response:
        changes = asked.model_dump(exclude={"is_active"})
        async with works.begin(user.user_id) as work:
            row = await strategies.own(work, user.user_id, strategy_id)
            runs = row["is_active"] if asked.is_active is None else asked.is_active
            if strategies.needs_other_bots(row, changes):
                row = await running.stop(work, user.user_id, row, clock.now(), desk.forget, "delete")
            row = await strategies.update(work, row, changes, clock.now())
            if asked.is_active is not None or runs != row["is_active"]:
                row = await run(work, user, row, "start" if runs else "stop")
        return await answer(user, row)

    @api.delete("/strategies/{strategy_id}")
    async def delete(user: user_dependency, strategy_id: BotId) -> Response:
        async with works.begin(user.user_id) as work:
            row = await strategies.own(work, user.user_id, strategy_id)
            row = await running.stop(work, user.user_id, row, clock.now(), desk.forget, "delete")
            await strategies.delete(work, row)
        return json_response({"id": row["id"], "num": row["num"]})

    @api.post("/strategies/{strategy_id}/{verb}")
    async def act(user: user_dependency, strategy_id: BotId, verb: Literal["start", "stop"]) -> Response:
        async with works.begin(user.user_id) as work:
            row = await run(work, user, await strategies.get(work.connection, user.user_id, strategy_id), verb)
        return await answer(user, row)

    return api


def mode_routes(desk: Desk, pilot: Autopilot) -> APIRouter:
    """What a user's bots may do."""
    api = APIRouter()
    user_dependency = Annotated[Principal, Depends(desk.current)]

    @api.get("/mode")
    async def get_mode(user: user_dependency) -> Response:
        async with desk.works.database.as_user(user.user_id) as connection:
            return json_response(await modes.mode(connection, user.user_id))

    @api.put("/mode")
    async def set_mode(user: user_dependency, asked: Annotated[ChosenMode, Depends(body(ChosenMode))]) -> Response:
        async with desk.works.begin(user.user_id) as work:
            now = desk.clock.now()
            row = await modes.set_mode(work, user.user_id, asked.mode, pilot, now, desk.forget)
        return json_response(row)

    return api
