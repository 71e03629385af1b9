"""Routes of trading with several legs: groups, closes, terminations."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends

from millrace.common.auth.principal import Principal
from millrace.common.db.work import Works
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.ids import new_id
from millrace.common.web.json_body import body
from millrace.execution.api import group_schemas as schemas
from millrace.execution.api.group_schemas import Execution
from millrace.execution.app import intents
from millrace.execution.app.closing import Closing
from millrace.execution.app.group_trading import GroupTrading
from millrace.execution.app.intents import Wish


def trading_routes(works: Works, groups: GroupTrading, closing: Closing, clock: Clock, current: Any) -> APIRouter:
    """The API of wishes with several legs."""
    api = APIRouter()
    user_dependency = Annotated[Principal, Depends(current)]

    def wish(user: Principal, kind: str, scope: str, target: UUID, asked: Any) -> Wish:
        text = asked.model_dump_json(exclude={"intent_id", "equities"})
        return Wish(asked.intent_id or new_id(clock), user.user_id, kind, scope, target, text)

    @api.post("/groups/{group_id}/orders", status_code=201)
    async def execute(
        user: user_dependency,
        group_id: UUID,
        asked: Annotated[schemas.GroupOrder, Depends(body(schemas.GroupOrder))],
    ) -> Execution:
        found = await groups.execute(user, wish(user, "group", "group", group_id, asked), dict(asked))
        return Execution.of(found)

    @api.post("/accounts/{account_id}/close-position", status_code=201)
    async def close(
        user: user_dependency,
        account_id: UUID,
        asked: Annotated[schemas.ClosePosition, Depends(body(schemas.ClosePosition))],
    ) -> Execution:
        return Execution.of(await closing.close(wish(user, "close", "account", account_id, asked), dict(asked)))

    @api.post("/{scope}/{target}/terminate", status_code=201)
    async def terminate(
        user: user_dependency,
        scope: Literal["accounts", "bots"],
        target: UUID,
        asked: Annotated[schemas.Terminate, Depends(body(schemas.Terminate))],
    ) -> Execution:
        found = wish(user, "terminate", scope[:-1], target, asked)
        return Execution.of(await closing.terminate(found, asked.account_ids))

    @api.get("/intents/{intent_id}")
    async def get_intent(user: user_dependency, intent_id: UUID) -> Execution:
        async with works.database.as_user(user.user_id) as connection:
            return Execution.of(await intents.outcome(connection, user.user_id, intent_id))

    return api
