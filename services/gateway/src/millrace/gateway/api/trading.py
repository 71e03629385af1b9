"""Bots, orders, positions and kill switches."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import Amount, body
from millrace.gateway.api.backend import Backend
from millrace.gateway.app import words

Limit = Annotated[int, Query(ge=1, le=100)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


class _Exact(BaseModel):
    """A key that is misspelt must not silently become a default: with orders that costs money."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NewBot(_Exact):
    """Contract botplatform: POST bots."""

    name: str = Field(min_length=1, max_length=100)
    strategy_id: UUID
    exchange: str = Field(max_length=40)
    symbol: str = Field(max_length=40)
    config: dict[str, Any] = Field(default_factory=dict)


class ChangeBot(_Exact):
    """Contract botplatform: PATCH bots/{id}."""

    name: str | None = Field(None, min_length=1, max_length=100)
    config: dict[str, Any] | None = None


class NewOrder(_Exact):
    """Contract botplatform: POST orders. Words in any case; numbers or text for amounts."""

    bot_id: UUID | None = None
    symbol: str = Field(max_length=40)
    exchange: str = Field("binance", max_length=40)
    side: str = Field(max_length=10)
    order_type: str = Field(max_length=20)
    quantity: Amount
    price: Amount | None = None
    stop_price: Amount | None = None
    time_in_force: str = Field("GTC", max_length=10)
    client_order_id: str | None = Field(None, min_length=1, max_length=64)


class Kill(_Exact):
    """Our own: which kill switch."""

    scope: Literal["bot", "account", "user", "global"] = "user"
    target: str | None = Field(None, max_length=64)
    reason: str = Field("stopped by the user", max_length=200)


_CHOICES = {
    "side": ({"buy", "sell"}, Code.VALIDATION_ERROR),
    "order_type": ({"market", "limit", "stop_loss", "take_profit"}, Code.INVALID_ORDER_TYPE),
    "time_in_force": ({"gtc", "ioc", "fok"}, Code.VALIDATION_ERROR),
}


def canonical_order(asked: NewOrder) -> dict[str, Any]:
    """The order as the execution service takes it."""
    sent = asked.model_dump(exclude={"client_order_id"})
    for name, (allowed, code) in _CHOICES.items():
        sent[name] = sent[name].lower()
        if sent[name] not in allowed:
            reason = f"must be one of {', '.join(sorted(allowed))}"
            raise MillraceError(code, f"{name} {reason}", fields={name: reason})
    return {**sent, "client_ref": asked.client_order_id, "origin": "botplatform"}


def routes(backend: Backend) -> APIRouter:
    """Everything that trades."""
    api = APIRouter(prefix="/api/v1")
    user_dependency = Annotated[Principal, Depends(backend.user)]
    _bots(api, backend, user_dependency)
    _orders(api, backend, user_dependency)
    _risk(api, backend, user_dependency)
    return api


def _bots(api: APIRouter, backend: Backend, user_dependency: Any) -> None:
    @api.post("/bots", status_code=201)
    async def create_bot(user: user_dependency, asked: Annotated[NewBot, Depends(body(NewBot))]) -> Response:
        row = await backend.ask("bots", "POST", "/bots", user, json=asked.model_dump())
        return json_response(words.bot(row), 201)

    @api.get("/bots")
    async def list_bots(
        user: user_dependency,
        status: str | None = None,
        exchange: str | None = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        query: dict[str, Any] = {"exchange": exchange, "limit": limit, "offset": offset}
        if status is not None:
            query["status"] = words.bot_states(status)
        found = await backend.ask("bots", "GET", "/bots", user, query=query)
        results = await backend.ask("portfolio", "GET", "/bots", user)
        return json_response({**found, "items": [words.bot(row, results) for row in found["items"]]})

    @api.get("/bots/{bot_id}")
    async def get_bot(user: user_dependency, bot_id: UUID) -> Response:
        row = await backend.ask("bots", "GET", f"/bots/{bot_id}", user)
        results = await backend.ask("portfolio", "GET", "/bots", user)
        return json_response(words.bot(row, results))

    @api.patch("/bots/{bot_id}")
    async def change_bot(
        user: user_dependency, bot_id: UUID, asked: Annotated[ChangeBot, Depends(body(ChangeBot))]
    ) -> Response:
        sent = asked.model_dump(exclude_unset=True)
        return json_response(words.bot(await backend.ask("bots", "PATCH", f"/bots/{bot_id}", user, json=sent)))

    @api.post("/bots/{bot_id}/{verb}")
    async def act(user: user_dependency, bot_id: UUID, verb: Literal["start", "stop", "pause", "resume"]) -> Response:
        row = await backend.ask("bots", "POST", f"/bots/{bot_id}/{verb}", user)
        done = {"start": "started", "stop": "stopped", "pause": "paused", "resume": "resumed"}[verb]
        status = words.BOT_STATUS[row["status"]]
        return json_response({"message": f"Bot {done} successfully", "bot_id": str(bot_id), "status": status})

    @api.delete("/bots/{bot_id}", status_code=204)
    async def delete_bot(user: user_dependency, bot_id: UUID) -> Response:
        await backend.ask("bots", "DELETE", f"/bots/{bot_id}", user)
        return Response(status_code=204)

    @api.get("/bots/{bot_id}/skips")
    async def skips(user: user_dependency, bot_id: UUID) -> Response:
        return json_response(await backend.ask("bots", "GET", f"/bots/{bot_id}/skips", user))

    @api.get("/strategies")
    async def strategies(user: user_dependency) -> Response:
        rows = (await backend.ask("bots", "GET", "/strategies", user))["items"]
        names = ("id", "name", "description", "strategy_type", "is_active", "parameters")
        shown = [{n: r[n] for n in names} | {"created_at": words.moment(r["created_at"])} for r in rows]
        return json_response({"strategies": shown, "count": len(shown)})


def _orders(api: APIRouter, backend: Backend, user_dependency: Any) -> None:
    @api.post("/orders", status_code=201)
    async def place(
        request: Request, user: user_dependency, asked: Annotated[NewOrder, Depends(body(NewOrder))]
    ) -> Response:
        async def act(intent: UUID | None) -> Response:
            sent = {**canonical_order(asked), "intent_id": intent}
            if asked.bot_id is not None:  # the caller's own, and the order goes to the account it trades on
                sent["account_id"] = (await backend.ask("bots", "GET", f"/bots/{asked.bot_id}", user))["account_id"]
            row = await backend.ask("execution", "POST", "/orders", user, json=sent)
            return json_response(words.order(row), 201)

        return await backend.once(request, user, act)

    @api.get("/orders")
    async def list_orders(
        user: user_dependency,
        bot_id: UUID | None = None,
        symbol: str | None = None,
        status: str | None = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        query: dict[str, Any] = {"bot_id": bot_id, "symbol": symbol, "limit": limit, "offset": offset}
        if status is not None:
            query["state"] = words.order_states(status)
        found = await backend.ask("execution", "GET", "/orders", user, query=query)
        items = [words.order(row) for row in found["items"]]
        return json_response({"items": items, "total": found["total"], "limit": limit, "offset": offset})

    @api.get("/orders/{order_id}")
    async def get_order(user: user_dependency, order_id: UUID) -> Response:
        return json_response(words.order(await backend.ask("execution", "GET", f"/orders/{order_id}", user)))

    @api.delete("/orders/{order_id}")
    async def cancel(user: user_dependency, order_id: UUID) -> Response:
        row = await backend.ask("execution", "DELETE", f"/orders/{order_id}", user)
        status = words.order(row)["status"]
        text = "Order cancelled successfully" if status == "cancelled" else "Cancellation requested"
        return json_response({"message": text, "order_id": str(order_id), "status": status})


def _risk(api: APIRouter, backend: Backend, user_dependency: Any) -> None:
    @api.post("/risk/kill")
    async def kill(user: user_dependency, asked: Annotated[Kill, Depends(body(Kill))]) -> Response:
        return json_response(await backend.ask("risk", "POST", "/kill", user, json=asked.model_dump()))

    @api.delete("/risk/kill")
    async def release(user: user_dependency, asked: Annotated[Kill, Depends(body(Kill))]) -> Response:
        return json_response(await backend.ask("risk", "DELETE", "/kill", user, json=asked.model_dump()))

    @api.get("/risk/kill")
    async def switches(user: user_dependency) -> Response:
        return json_response(await backend.ask("risk", "GET", "/kill", user))
