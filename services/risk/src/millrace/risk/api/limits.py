"""Routes: limits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from millrace.common.auth.principal import Principal
from millrace.common.db.work import Works
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import not_found
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import body
from millrace.risk.api.schemas import (
    ChangeLimit,
    Composed,
    Contract,
    Effective,
    GroupLimits,
    GroupWish,
    LimitList,
    LimitView,
    NewLimit,
    Source,
)
from millrace.risk.app import reports
from millrace.risk.app.judge import Judge
from millrace.risk.app.limits import Editor, check_group
from millrace.risk.config import RiskSettings
from millrace.risk.domain.limits import DAILY_LOSS, DAY_LOSS, DRAWDOWN, OPEN_ORDERS, POSITION, system_limits

_DIGITS = len(str(2**63))
_KINDS = {
    "max_position_value": POSITION,
    "max_daily_loss": DAILY_LOSS,
    "max_daily_loss_fraction": DAY_LOSS,
    "max_drawdown": DRAWDOWN,
    "max_open_orders": OPEN_ORDERS,
}


def add(api: APIRouter, works: Works, clock: Clock, user_dependency: Any, settings: RiskSettings, judge: Judge) -> None:
    """Add them."""
    system = system_limits(settings)

    @asynccontextmanager
    async def editing(user: Principal, contract: Contract | None) -> AsyncIterator[Editor]:
        async with works.begin(user.user_id) as work:
            accounts, now = await judge.hold(work, user.user_id), clock.now()
            editor = Editor(work, user.user_id, contract, now, system)
            yield editor
            await judge.judge(work, accounts, editor.changed, now)

    _single(api, editing, user_dependency)
    _whole(api, works, editing, user_dependency, settings)
    _group(api, works, clock, editing, user_dependency, system)

    @api.get("/limits")
    async def list_limits(user: user_dependency, source: Source | None = None) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            rows = await reports.limits(connection, user.user_id, clock.now(), system, source)
            contract, _ = await reports.writer(connection, user.user_id)
        return json_response(_listed(rows, contract))


def _listed(rows: list[dict[str, Any]], contract: str | None) -> LimitList:
    return LimitList.model_validate({"items": rows, "total": len(rows), "last_contract": contract})


def limit_id_of(limit_id: str) -> UUID | int:
    """An id or a number. Raises NOT_FOUND for anything else."""
    if limit_id.isascii() and limit_id.isdigit() and len(limit_id) <= _DIGITS and int(limit_id) < 2**63:
        return int(limit_id)
    try:
        return UUID(limit_id)
    except ValueError:
        raise not_found("limit") from None


_Id = Annotated[UUID | int, Depends(limit_id_of)]


def _single(api: APIRouter, editing: Any, user_dependency: Any) -> None:
    @api.post("/limits", status_code=201)
    async def add_limit(user: user_dependency, asked: Annotated[NewLimit, Depends(body(NewLimit))]) -> Response:
        async with editing(user, asked.contract) as editor:
            row = await editor.add(asked)
        return json_response(LimitView(**row), 201)

    @api.patch("/limits/{limit_id}")
    async def change_limit(
        user: user_dependency, limit_id: _Id, asked: Annotated[ChangeLimit, Depends(body(ChangeLimit))]
    ) -> Response:
        changes = asked.model_dump(exclude_none=True, exclude={"contract"})
        async with editing(user, asked.contract) as editor:
            row = await editor.change(limit_id, changes)
        return json_response(LimitView(**row))

    @api.delete("/limits/{limit_id}")
    async def delete_limit(user: user_dependency, limit_id: _Id, contract: Contract | None = None) -> Response:
        async with editing(user, contract) as editor:
            row = await editor.remove(limit_id)
        return json_response(LimitView(**row))


def _whole(api: APIRouter, works: Works, editing: Any, user_dependency: Any, settings: RiskSettings) -> None:
    async def answer(user: Principal, account_id: UUID | None) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            found = await reports.composed(connection, user.user_id, account_id, settings)
        return json_response(Effective(**found))

    @api.get("/limits/effective")
    async def effective_limits(user: user_dependency, account_id: UUID | None = None) -> Response:
        return await answer(user, account_id)

    @api.put("/limits/effective")
    async def compose_limits(user: user_dependency, asked: Annotated[Composed, Depends(body(Composed))]) -> Response:
        given = asked.model_dump(exclude_none=True, exclude={"contract"})
        async with editing(user, asked.contract) as editor:
            await editor.compose({_KINDS[name]: value for name, value in given.items()})
        return await answer(user, None)


def _group(api: APIRouter, works: Works, clock: Clock, editing: Any, user_dependency: Any, system: Any) -> None:
    @api.post("/groups/limits/check", status_code=204)
    async def check(user: user_dependency, asked: Annotated[GroupWish, Depends(body(GroupWish))]) -> Response:
        check_group(system, asked.max_drawdown)
        return Response(status_code=204)

    @api.put("/groups/{group_id}/limits")
    async def limit_group(
        user: user_dependency, group_id: UUID, asked: Annotated[GroupLimits, Depends(body(GroupLimits))]
    ) -> Response:
        given = {DRAWDOWN: asked.max_drawdown, DAY_LOSS: asked.risk_limit}
        values = {kind: value for kind, value in given.items() if value is not None}
        async with editing(user, asked.contract) as editor:
            await editor.of_group(group_id, asked.account_ids, values)
        return await listed(user, group_id)

    @api.get("/groups/{group_id}/limits")
    async def group_limits(user: user_dependency, group_id: UUID) -> Response:
        return await listed(user, group_id)

    async def listed(user: Principal, group_id: UUID) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            rows = await reports.limits(connection, user.user_id, clock.now(), system, group_id=group_id)
            contract, _ = await reports.writer(connection, user.user_id)
        return json_response(_listed(rows, contract))
