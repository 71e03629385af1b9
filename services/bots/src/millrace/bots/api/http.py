"""Routes of bots."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from millrace.bots.api.schemas import ChangeBot, Hold, NewBot, RowId, Terminate
from millrace.bots.app import commands, holding, links, queries
from millrace.common.auth.principal import Principal
from millrace.common.db.work import Works
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.ids import new_id
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import body

Verb = Literal["start", "pause", "resume", "stop"]
BotId = Annotated[RowId, Path()]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes stand on: `others` are the services next door, `forget(bot_id)` drops a running strategy."""

    works: Works
    clock: Clock
    current: Any
    timeframe: str
    forget: Callable[[UUID], None]
    others: Any


def checked_admin(user: Principal) -> Principal:
    """The principal, when it is an administrator; PERMISSION_DENIED when not."""
    if not user.may("admin"):
        raise MillraceError(Code.PERMISSION_DENIED, "administrators only")
    return user


def bot_routes(desk: Desk) -> APIRouter:
    """What owners do with their bots, and what they see of them."""
    api = APIRouter()
    works, clock = desk.works, desk.clock
    user_dependency = Annotated[Principal, Depends(desk.current)]

    @api.post("/bots", status_code=201)
    async def create(user: user_dependency, asked: Annotated[NewBot, Depends(body(NewBot))]) -> Response:
        async with works.begin(user.user_id) as work:
            row = await commands.create_bot(work, user.user_id, dict(asked), desk.timeframe, clock.now())
        return json_response(row, 201)

    @api.get("/bots")
    async def list_bots(
        user: user_dependency,
        status: Annotated[list[str] | None, Query()] = None,
        exchange: str | None = None,
        of: Annotated[UUID | Literal["all"] | None, Query(alias="user")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> Response:
        if of in (None, user.user_id):
            async with works.database.as_user(user.user_id) as connection:
                found = await queries.list_bots(connection, user.user_id, status, exchange, limit, offset)
        else:
            checked_admin(user)
            owner = of if isinstance(of, UUID) else None
            async with works.database.transaction() as connection:
                found = await queries.list_bots(connection, owner, status, exchange, limit, offset)
        return json_response({"items": found[0], "total": found[1], "limit": limit, "offset": offset})

    @api.get("/bots/{bot_id}")
    async def get(user: user_dependency, bot_id: BotId) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            return json_response(await queries.get_bot(connection, user.user_id, bot_id))

    @api.patch("/bots/{bot_id}")
    async def change(
        user: user_dependency, bot_id: BotId, asked: Annotated[ChangeBot, Depends(body(ChangeBot))]
    ) -> Response:
        async with works.begin(user.user_id) as work:
            row = await commands.update_bot(work, user.user_id, bot_id, asked.name, asked.config, clock.now())
        return json_response(row)

    async def act(user: Principal, bot_id: RowId, verb: str) -> dict[str, Any]:
        async with works.begin(user.user_id) as work:
            row = await commands.change_state(work, user.user_id, bot_id, verb, clock.now())
            if verb != "resume":
                work.after_commit(lambda: desk.forget(row["id"]))
        return row

    @api.delete("/bots/{bot_id}")
    async def delete(user: user_dependency, bot_id: BotId) -> Response:
        return json_response(await act(user, bot_id, "delete"))

    @api.post("/bots/{bot_id}/terminate")
    async def terminate(
        user: user_dependency, bot_id: BotId, asked: Annotated[Terminate, Depends(body(Terminate))]
    ) -> Response:
        row = await act(user, bot_id, "terminate")
        ended = await desk.others.terminate(user, row, asked.intent_id or new_id(clock))
        return json_response({"bot": row, "terminated": ended})

    _links(api, desk)
    _admin(api, desk)

    @api.post("/bots/{bot_id}/{verb}")
    async def change_state(user: user_dependency, bot_id: BotId, verb: Verb) -> Response:
        return json_response(await act(user, bot_id, verb))

    @api.get("/bots/{bot_id}/skips")
    async def skips(user: user_dependency, bot_id: BotId) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            row = await queries.get_bot(connection, user.user_id, bot_id)
            return json_response({"items": await queries.skips(connection, user.user_id, row["id"])})

    @api.get("/accounts")
    async def accounts(user: user_dependency) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            return json_response({"items": await queries.accounts(connection, user.user_id)})

    return api


def _links(api: APIRouter, desk: Desk) -> None:
    user_dependency = Annotated[Principal, Depends(desk.current)]

    @api.post("/bots/{bot_id}/accounts/{account_id}")
    async def link(user: user_dependency, bot_id: BotId, account_id: UUID) -> Response:
        async with desk.works.database.as_user(user.user_id) as connection:
            await queries.get_bot(connection, user.user_id, bot_id)
        await desk.others.account(user, account_id)
        async with desk.works.begin(user.user_id) as work:
            row = await links.link(work, user.user_id, bot_id, account_id, desk.clock.now())
        return json_response(row)

    @api.delete("/bots/{bot_id}/accounts/{account_id}")
    async def unlink(user: user_dependency, bot_id: BotId, account_id: UUID) -> Response:
        async with desk.works.begin(user.user_id) as work:
            row = await links.unlink(work, user.user_id, bot_id, account_id, desk.clock.now())
        return json_response(row)


def _admin(api: APIRouter, desk: Desk) -> None:
    user_dependency = Annotated[Principal, Depends(desk.current)]

    @api.post("/bots/{bot_id}/hold")
    async def hold(user: user_dependency, bot_id: BotId, asked: Annotated[Hold, Depends(body(Hold))]) -> Response:
        checked_admin(user)
        async with desk.works.begin() as work:
            row = await holding.hold(work, user.user_id, bot_id, asked.reason, desk.clock.now())
            work.after_commit(lambda: desk.forget(row["id"]))
        return json_response(row)

    @api.post("/bots/{bot_id}/release")
    async def release(user: user_dependency, bot_id: BotId) -> Response:
        checked_admin(user)
        async with desk.works.begin() as work:
            row = await holding.release(work, bot_id, desk.clock.now())
        return json_response(row)
