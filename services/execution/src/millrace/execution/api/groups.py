"""Routes of groups."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime

from millrace.common.auth.principal import Principal
from millrace.common.db.work import Works
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.ids import new_id
from millrace.common.web.json_body import body
from millrace.execution.api import group_schemas as schemas
from millrace.execution.api.accounts import Limit, Offset
from millrace.execution.api.group_schemas import Group
from millrace.execution.app import groups


def group_routes(works: Works, clock: Clock, current: Any) -> APIRouter:
    """The API of groups."""
    api = APIRouter()
    user_dependency = Annotated[Principal, Depends(current)]
    database = works.database

    @api.post("/groups", status_code=201)
    async def create(
        user: user_dependency, asked: Annotated[schemas.NewGroup, Depends(body(schemas.NewGroup))]
    ) -> Group:
        group_id = asked.intent_id or new_id(clock)
        async with works.begin(user.user_id) as work:
            made = await groups.create(work, user.user_id, group_id, asked.model_dump(), clock.now())
            if made and asked.accounts:
                await groups.replace(work, user.user_id, group_id, asked.accounts)
            return Group(**await groups.one(work.connection, user.user_id, group_id))

    @api.get("/groups")
    async def list_groups(user: user_dependency, limit: Limit = 50, offset: Offset = 0) -> schemas.Groups:
        async with database.as_user(user.user_id) as connection:
            rows, total = await groups.page(connection, user.user_id, limit, offset)
        return schemas.Groups(items=[Group(**row) for row in rows], total=total, limit=limit, offset=offset)

    @api.get("/groups/{group_id}")
    async def get(user: user_dependency, group_id: UUID) -> Group:
        async with database.as_user(user.user_id) as connection:
            return Group(**await groups.one(connection, user.user_id, group_id))

    @api.patch("/groups/{group_id}")
    async def change(
        user: user_dependency,
        group_id: UUID,
        asked: Annotated[schemas.ChangeGroup, Depends(body(schemas.ChangeGroup))],
    ) -> Group:
        changes = asked.model_dump(exclude_none=True, exclude={"accounts"})
        async with works.begin(user.user_id) as work:
            await groups.update(work, user.user_id, group_id, changes, clock.now())
            if asked.accounts is not None:
                await groups.replace(work, user.user_id, group_id, asked.accounts)
            return Group(**await groups.one(work.connection, user.user_id, group_id))

    @api.delete("/groups/{group_id}")
    async def delete(user: user_dependency, group_id: UUID) -> dict[str, UUID]:
        async with works.begin(user.user_id) as work:
            await groups.delete(work, user.user_id, group_id, clock.now())
        return {"group_id": group_id}

    @api.post("/groups/{group_id}/accounts")
    async def add(
        user: user_dependency, group_id: UUID, asked: Annotated[schemas.Members, Depends(body(schemas.Members))]
    ) -> schemas.Joined:
        async with works.begin(user.user_id) as work:
            joined, failed = await groups.add(work, user.user_id, group_id, asked.account_ids)
            group = Group(**await groups.one(work.connection, user.user_id, group_id))
        return schemas.Joined.model_validate({"success": joined, "failed": failed, "group": group})

    @api.delete("/groups/{group_id}/accounts/{account_id}")
    async def remove(user: user_dependency, group_id: UUID, account_id: UUID) -> Group:
        async with works.begin(user.user_id) as work:
            await groups.remove(work, user.user_id, group_id, account_id)
            return Group(**await groups.one(work.connection, user.user_id, group_id))

    @api.get("/groups/{group_id}/activity")
    async def activity(
        user: user_dependency,
        group_id: UUID,
        since: AwareDatetime,
        until: AwareDatetime,
        interval: Literal["day", "week", "month"] = "day",
    ) -> list[schemas.Activity]:
        _check_range(since, until)
        async with database.as_user(user.user_id) as connection:
            rows = await groups.activity(connection, user.user_id, group_id, since, until, interval)
        return [schemas.Activity(**row) for row in rows]

    return api


def _check_range(since: datetime, until: datetime) -> None:
    if since >= until:
        raise MillraceError(Code.INVALID_DATE_RANGE, "since must be before until")
