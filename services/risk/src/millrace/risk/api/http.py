"""Routes: limits, alerts, kill switches."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from millrace.common.auth.principal import Principal
from millrace.common.db.work import Works
from millrace.common.kernel.clock import Clock
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import Amount, body
from millrace.risk.app import limits, queries
from millrace.risk.app.ports import Alerts, Switches
from millrace.risk.app.switches import throw

_Percent = Annotated[Amount, Field(ge=0, le=100, decimal_places=4)]


class NewLimit(BaseModel):
    """A limit of the user's own; `limit_value` in quote currency, a fraction for drawdown.

    `symbol`, in any spelling, only for position_value; without `account_id` it holds for each account. The owner is
    told when `warning_threshold` and `critical_threshold` percent of it are used.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit_type: Literal["position_value", "daily_loss", "drawdown"]
    limit_value: Amount = Field(ge=0)
    account_id: UUID | None = None
    symbol: str | None = Field(None, max_length=40)
    warning_threshold: _Percent = Field(default=80, validate_default=True)
    critical_threshold: _Percent = Field(default=95, validate_default=True)


class ChangeLimit(BaseModel):
    """What may be changed; what is left out stays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit_value: Amount | None = Field(None, ge=0)
    warning_threshold: _Percent | None = None
    critical_threshold: _Percent | None = None
    enabled: bool | None = None


class Kill(BaseModel):
    """Which switch: the user's own by default; `target` names the bot or account."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scope: Literal["bot", "account", "user", "global"] = "user"
    target: str | None = Field(None, max_length=64)
    reason: str = Field("stopped by the user", max_length=200)


def routes(works: Works, switches: Switches, alerts: Alerts, clock: Clock, current: Any) -> APIRouter:
    """The API of the risk service."""
    api = APIRouter()
    user_dependency = Annotated[Principal, Depends(current)]
    _limits(api, works, clock, user_dependency)

    @api.get("/alerts")
    async def list_alerts(
        user: user_dependency,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            return json_response({"items": await queries.alerts(connection, user.user_id, limit, offset)})

    @api.get("/kill")
    async def list_switches(user: user_dependency) -> Response:
        async with works.database.transaction() as connection:  # global switches belong to nobody
            return json_response({"items": await queries.switches(connection, user.user_id)})

    @api.post("/kill")
    async def kill(user: user_dependency, asked: Annotated[Kill, Depends(body(Kill))]) -> Response:
        return await change_switch(user, asked, active=True)

    @api.delete("/kill")
    async def release(user: user_dependency, asked: Annotated[Kill, Depends(body(Kill))]) -> Response:
        return await change_switch(user, asked, active=False)

    async def change_switch(user: Principal, asked: Kill, *, active: bool) -> Response:
        async with works.begin() as work:
            now = clock.now()
            done = await throw(work, user, asked, active=active, now=now, switches=switches, alerts=alerts)
        return json_response(done)

    return api


def _limits(api: APIRouter, works: Works, clock: Clock, user_dependency: Any) -> None:
    @api.get("/limits")
    async def list_limits(user: user_dependency) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            return json_response({"items": await queries.limits(connection, user.user_id)})

    @api.post("/limits", status_code=201)
    async def add_limit(user: user_dependency, asked: Annotated[NewLimit, Depends(body(NewLimit))]) -> Response:
        async with works.begin(user.user_id) as work:
            row = await limits.add(work, user.user_id, asked, clock.now())
        return json_response(row, 201)

    @api.patch("/limits/{limit_id}")
    async def change_limit(
        user: user_dependency, limit_id: UUID, asked: Annotated[ChangeLimit, Depends(body(ChangeLimit))]
    ) -> Response:
        changes = asked.model_dump(exclude_none=True)
        async with works.begin(user.user_id) as work:
            row = await limits.change(work, user.user_id, limit_id, changes, clock.now())
        return json_response(row)

    @api.delete("/limits/{limit_id}")
    async def delete_limit(user: user_dependency, limit_id: UUID) -> Response:
        async with works.begin(user.user_id) as work:
            row = await limits.remove(work, user.user_id, limit_id)
        return json_response(row)
