"""Routes: they translate, and hand over to the assistant."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from millrace.assistant.api.schemas import Conversation, Greeting, Reply, Say
from millrace.assistant.app import conversation
from millrace.assistant.app.assistant import Assistant
from millrace.assistant.app.facts import Facts
from millrace.assistant.app.greeting import greet
from millrace.assistant.app.ports import Platform
from millrace.common.auth.principal import Principal
from millrace.common.db.work import Works
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import body


def routes(works: Works, assistant: Assistant, platform: Platform, clock: Clock, current: Any) -> APIRouter:
    """The API of the assistant service. Everybody may ask; what they may have done is decided at each action."""
    api = APIRouter()

    async def reader(user: Annotated[Principal, Depends(current)]) -> Principal:
        if not user.may("read"):
            raise MillraceError(Code.PERMISSION_DENIED, "the API key's scopes do not include read")
        return user

    user_dependency = Annotated[Principal, Depends(reader)]

    @api.post("/messages")
    async def say(user: user_dependency, asked: Annotated[Say, Depends(body(Say))]) -> Response:
        reply, at = await assistant.say(user, asked.message, asked.confirmation_token, asked.intent_id)
        return json_response(Reply(**reply._asdict(), at=at))

    @api.get("/messages")
    async def history(
        user: user_dependency,
        limit: Annotated[int, Query(ge=1, le=5000)] = 50,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            rows, total = await conversation.newest(connection, user.user_id, limit, offset)
        return json_response(
            Conversation.model_validate({"items": rows, "total": total, "limit": limit, "offset": offset})
        )

    @api.delete("/messages")
    async def clear(user: user_dependency) -> Response:
        async with works.begin(user.user_id) as work:
            return json_response({"deleted": await conversation.clear(work, user.user_id)})

    @api.get("/greeting")
    async def greeting(user: user_dependency) -> Response:
        found = await greet(Facts(platform, user), user, clock.now())
        return json_response(Greeting(**found._asdict()))

    return api
