"""What the console shows: more of a thing than any contract has, in one shape. For its own use; it may change."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from millrace.common.auth.principal import Principal
from millrace.common.kernel.instruments import instrument
from millrace.common.kernel.money import plain
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import body
from millrace.contracts.spelling import joined
from millrace.gateway.api import cookies
from millrace.gateway.api.backend import Backend
from millrace.gateway.app.operations.auth import signed_in

_CENT = Decimal("0.01")
_STATUS = {**dict.fromkeys(("received", "approved", "submitting", "unknown"), "pending"), "refused": "rejected"}
Limit = Annotated[int, Query(ge=1, le=1000)]


class Ticket(BaseModel):
    """A one-time sign-in link's secret."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    ticket: str = Field(max_length=200)


def routes(backend: Backend, *, secure: bool) -> APIRouter:
    """`/console/api/...`."""
    api = APIRouter(prefix="/console/api", include_in_schema=False)
    user_dependency = Annotated[Principal, Depends(backend.user)]

    @api.post("/ticket")
    async def ticket(request: Request, asked: Annotated[Ticket, Depends(body(Ticket))]) -> Response:
        device = cookies.device(request)
        sent = {"ticket": asked.ticket, "device": device}
        found = await backend.ask("auth", "POST", "/tickets/redeem", json=sent)
        row = found["user"]
        user = {"id": row["id"], "username": row["username"], "role": row["role"]}
        answer = json_response({"access_token": found["access_token"], "expires_in": found["expires_in"], "user": user})
        cookies.keep(request, answer, signed_in(found), device, secure=secure)
        return answer

    @api.get("/bots")
    async def bots(user: user_dependency, limit: Limit = 100) -> Response:
        found = await backend.ask("bots", "GET", "/bots", user, query={"limit": limit})
        results = await backend.ask("portfolio", "GET", "/bots", user)
        return json_response({"items": [_bot(row, results) for row in found["items"]], "total": found["total"]})

    @api.get("/bots/{bot_id:uuid}/skips")
    async def skips(user: user_dependency, bot_id: UUID) -> Response:
        return json_response(await backend.ask("bots", "GET", f"/bots/{bot_id}/skips", user))

    @api.get("/orders")
    async def orders(user: user_dependency, limit: Limit = 50) -> Response:
        found = await backend.ask("execution", "GET", "/orders", user, query={"limit": limit})
        return json_response({"items": [_order(row) for row in found["items"]], "total": found["total"]})

    @api.get("/trades")
    async def trades(user: user_dependency, limit: Limit = 100) -> Response:
        found = await backend.ask("portfolio", "GET", "/trades", user, query={"limit": limit})
        for row in found["items"]:
            row.update(id=row.pop("fill_id"), symbol=parse_symbol(row["symbol"]).joined, timestamp=row.pop("at"))
        return json_response(found)

    @api.get("/markets")
    async def markets(user: user_dependency, exchange: str = "binance") -> Response:
        found = await backend.ask("marketdata", "GET", "/symbols", user, query={"exchange": exchange})
        return json_response({"items": [{n: row[n] for n in ("symbol", "timeframes")} for row in found["items"]]})

    return api


def _moment(value: str) -> str:
    return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bot(row: dict[str, Any], results: dict[str, str]) -> dict[str, Any]:
    names = ("id", "name", "status", "strategy_id", "strategy", "exchange", "timeframe", "config")
    pnl = plain(Decimal(results.get(row["id"], "0")).quantize(_CENT))
    return {
        **{n: row[n] for n in names},
        "symbol": joined(row["symbol"], row["spelling"]),
        "pnl": pnl,
        "created_at": _moment(row["created_at"]),
    }


def _order(row: dict[str, Any]) -> dict[str, Any]:
    names = ("bot_id", "client_ref", "exchange", "side", "order_type", "quantity", "time_in_force")
    tick = instrument(row["exchange"], row["symbol"]).tick_size
    return {
        "id": row["order_id"],
        **{name: row[name] for name in names},
        "symbol": joined(row["symbol"], row["spelling"]),
        "price": _priced(row["price"], tick),
        "stop_price": _priced(row["stop_price"], tick),
        "status": _STATUS.get(row["state"], row["state"]),
        "reconciling": row["state"] == "unknown",
        "filled_quantity": row["filled_quantity"],
        "average_price": row["average_price"],
        "fees": row["fees"],
        "reason": row["reason"],
        "created_at": _moment(row["requested_at"]),
        "updated_at": _moment(row["updated_at"]),
    }


def _priced(price: str | None, tick: Decimal) -> str | None:
    if price is None:
        return None
    shown = Decimal(price).quantize(tick)
    return f"{shown:f}" if shown == Decimal(price) else price
