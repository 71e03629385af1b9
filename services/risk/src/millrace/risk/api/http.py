"""Routes: limits, alerts, kill switches."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from millrace.common.auth.principal import Principal
from millrace.common.db.work import Works
from millrace.common.events.risk import KillSwitchChanged
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.ids import new_id
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import Amount, body
from millrace.risk.app import queries
from millrace.risk.app.ports import Switches

_ADD = """
insert into limits (id, user_id, limit_type, symbol, limit_value, warning_threshold, critical_threshold, source,
  created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, 'user', $8, $8)
on conflict (user_id, limit_type, coalesce(symbol, '')) do update set limit_value = excluded.limit_value,
  warning_threshold = excluded.warning_threshold, critical_threshold = excluded.critical_threshold, enabled = true,
  source = 'user', updated_at = excluded.updated_at
returning *
"""


class NewLimit(BaseModel):
    """A limit of the user's own; `limit_value` in quote currency, a fraction for drawdown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit_type: Literal["position_value", "daily_loss", "drawdown"]
    limit_value: Amount = Field(ge=0)
    symbol: str | None = None
    warning_threshold: Amount = Field(default=80, ge=0, le=100, validate_default=True)
    critical_threshold: Amount = Field(default=95, ge=0, le=100, validate_default=True)


class Kill(BaseModel):
    """Which switch: the user's own by default; `target` names the bot or account, and is `all` for global."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scope: Literal["bot", "account", "user", "global"] = "user"
    target: str | None = Field(None, max_length=64)
    reason: str = Field("stopped by the user", max_length=200)


def routes(works: Works, switches: Switches, clock: Clock, current: Any) -> APIRouter:
    """The API of the risk service."""
    api = APIRouter()
    user_dependency = Annotated[Principal, Depends(current)]

    @api.get("/limits")
    async def list_limits(user: user_dependency) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            return json_response({"items": await queries.limits(connection, user.user_id)})

    @api.post("/limits", status_code=201)
    async def add_limit(user: user_dependency, asked: Annotated[NewLimit, Depends(body(NewLimit))]) -> Response:
        async with works.begin(user.user_id) as work:
            row = await work.connection.fetchrow(
                _ADD,
                new_id(clock),
                user.user_id,
                asked.limit_type,
                asked.symbol,
                asked.limit_value,
                asked.warning_threshold,
                asked.critical_threshold,
                clock.now(),
            )
        return json_response(dict(row or {}), 201)

    @api.get("/alerts")
    async def list_alerts(user: user_dependency, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            return json_response({"items": await queries.alerts(connection, user.user_id, limit)})

    @api.get("/kill")
    async def list_switches(user: user_dependency) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            return json_response({"items": await queries.switches(connection, user.user_id)})

    @api.post("/kill")
    async def kill(user: user_dependency, asked: Annotated[Kill, Depends(body(Kill))]) -> Response:
        return await throw(user, asked, active=True)

    @api.delete("/kill")
    async def release(user: user_dependency, asked: Annotated[Kill, Depends(body(Kill))]) -> Response:
        return await throw(user, asked, active=False)

    async def throw(user: Principal, asked: Kill, *, active: bool) -> Response:
        target, owner = _target(user, asked), None if asked.scope == "global" else user.user_id
        async with works.begin() as work:
            changed = await switches.set(work, asked.scope, target, owner, active, asked.reason)
            if changed:
                work.emit(_changed(user.user_id, asked, target, active, clock))
        return json_response({"scope": asked.scope, "target": target, "active": active, "changed": changed})

    return api


def _target(user: Principal, asked: Kill) -> str:
    """The switch's name. Those of bots and accounts carry their owner, so that nobody can throw another's."""
    if asked.scope == "global":
        if not user.may("admin"):
            raise MillraceError(Code.PERMISSION_DENIED, "only an administrator may stop everybody")
        return "all"
    if asked.scope == "user":
        return str(user.user_id)
    try:
        return f"{user.user_id}/{UUID(asked.target or '')}"
    except ValueError:
        what = {"target": f"must be the id of the {asked.scope}"}
        raise MillraceError(Code.VALIDATION_ERROR, f"target {what['target']}", fields=what) from None


def _changed(user_id: UUID, asked: Kill, target: str, active: bool, clock: Clock) -> KillSwitchChanged:
    return KillSwitchChanged(
        user_id=user_id,
        scope=asked.scope,
        target=target.split("/")[-1],
        active=active,
        reason=asked.reason,
        changed_at=clock.now(),
    )
