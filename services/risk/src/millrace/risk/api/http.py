"""Routes: alerts, funds, kill switches, and the limits."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, StringConstraints
from starlette.responses import Response

from millrace.common.auth.principal import Principal
from millrace.common.db.work import Works
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import body
from millrace.risk.api import limits
from millrace.risk.api.schemas import AlertPage, FundMove, Kill, Level, Severity
from millrace.risk.app import funds, queries
from millrace.risk.app.judge import Judge
from millrace.risk.app.ports import Alerts, Books, Switches
from millrace.risk.app.queries import Chosen
from millrace.risk.app.switches import throw
from millrace.risk.config import RiskSettings


def routes(
    works: Works,
    switches: Switches,
    books: Books,
    alerts: Alerts,
    clock: Clock,
    current: Any,
    settings: RiskSettings,
) -> APIRouter:
    """The API of the risk service."""
    api = APIRouter()
    user_dependency = Annotated[Principal, Depends(current)]
    limits.add(api, works, clock, user_dependency, settings, Judge(books, alerts))
    _alerts(api, works, user_dependency)
    _funds(api, works, clock, user_dependency)

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


_Word = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]  # the database has no NUL characters


def chosen_alerts(
    severity: Annotated[list[Severity] | None, Query()] = None,
    level: Annotated[list[Level] | None, Query()] = None,
    alert_type: Annotated[list[_Word] | None, Query(max_length=20)] = None,
    symbol: str | None = None,
    account_id: UUID | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    active: bool | None = None,
) -> Chosen:
    """The filters of alerts; the first three may be repeated."""
    pair = None if symbol is None else str(parse_symbol(symbol))
    return Chosen(severity, level, alert_type, pair, account_id, since, until, active)


def _alerts(api: APIRouter, works: Works, user_dependency: Any) -> None:
    @api.get("/alerts")
    async def list_alerts(
        user: user_dependency,
        chosen: Annotated[Chosen, Depends(chosen_alerts)],
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            rows, total = await queries.alerts(connection, user.user_id, chosen, limit, offset)
        return json_response(
            AlertPage.model_validate({"items": rows, "total": total, "limit": limit, "offset": offset})
        )


def _funds(api: APIRouter, works: Works, clock: Clock, user_dependency: Any) -> None:
    @api.get("/funds")
    async def list_funds(user: user_dependency) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            return json_response({"items": await funds.funds(connection, user.user_id)})

    @api.get("/funds/holding")
    async def list_holding(
        user: user_dependency, order_id: Annotated[list[UUID], Query(min_length=1, max_length=100)]
    ) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            return json_response({"items": await funds.holding(connection, user.user_id, order_id)})

    @api.post("/funds/moves")
    async def move(user: user_dependency, asked: Annotated[FundMove, Depends(body(FundMove))]) -> Response:
        async with works.begin(user.user_id) as work:
            moved = await funds.move(work, user.user_id, asked, clock.now())
        return json_response({"transfer_id": asked.transfer_id, "moved": moved})
