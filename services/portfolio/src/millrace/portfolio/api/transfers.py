"""Routes: transfers between wallets."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from millrace.common.db.database import Database
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import body
from millrace.portfolio.api.schemas import Decision, NewTransfer, Page, Transfer
from millrace.portfolio.app import transfers
from millrace.portfolio.app.transfers import Transfers
from millrace.portfolio.domain.transfers import State, Verb


def add(api: APIRouter, database: Database, user_dependency: Any, moves: Transfers) -> None:
    """Add them."""

    @api.post("/transfers", status_code=201)
    async def request(user: user_dependency, asked: Annotated[NewTransfer, Depends(body(NewTransfer))]) -> Response:
        return json_response(Transfer(**await moves.request(user.user_id, asked)), 201)

    @api.get("/transfers")
    async def listed(
        user: user_dependency,
        status: State | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> Response:
        async with database.as_user(user.user_id) as connection:
            rows, total = await transfers.listed(connection, user.user_id, status, limit, offset)
        return json_response(Page[Transfer](items=rows, total=total, limit=limit, offset=offset))

    @api.get("/transfers/{transfer_id}")
    async def one(user: user_dependency, transfer_id: UUID) -> Response:
        async with database.as_user(user.user_id) as connection:
            return json_response(Transfer(**await transfers.one(connection, user.user_id, transfer_id)))

    @api.post("/transfers/{transfer_id}/{verb}")
    async def decide(
        user: user_dependency, transfer_id: UUID, verb: Verb, asked: Annotated[Decision, Depends(body(Decision))]
    ) -> Response:
        return json_response(Transfer(**await moves.decide(user.user_id, transfer_id, verb, asked.message)))
