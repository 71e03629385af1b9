"""Peers of the edge, made of FastAPI alone; what they do is what the platform's own path cannot do without.

    python bench/edge_peer.py hop URL        passes everything on by aiohttp's client
    python bench/edge_peer.py read DATABASE  GET /orders/{id}: one row by asyncpg, through a model
    python bench/edge_peer.py order          POST /orders: reads a model, answers with another

Says {"port"} when it serves.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import uvloop
from commands import answer, commands
from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import BaseModel

from millrace.common.runtime.server import HttpServer, bind

_DROPPED = {"host", "connection", "content-length"}
_ROW = """
select order_id, symbol, side, order_type, state, quantity, filled_quantity, requested_at
from execution.orders where order_id = $1
"""


class Shown(BaseModel):
    """An order."""

    order_id: UUID
    symbol: str
    side: str
    order_type: str
    state: str
    quantity: Decimal
    filled_quantity: Decimal
    requested_at: datetime


class Asked(BaseModel):
    """An order that is asked for."""

    symbol: str
    side: str
    order_type: str
    quantity: Decimal
    price: Decimal | None = None


class Taken(BaseModel):
    """The answer to it."""

    id: UUID
    status: str
    symbol: str
    filled: Decimal


@asynccontextmanager
async def hop(app: FastAPI, url: str) -> AsyncIterator[None]:
    """The gateway that everybody writes first."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200), auto_decompress=False) as session:

        @app.api_route("/{path:path}", methods=["GET", "POST"])
        async def pass_on(path: str, request: Request) -> Response:
            sent = {name: value for name, value in request.headers.items() if name not in _DROPPED}
            body = await request.body()
            async with session.request(request.method, f"{url}/{path}", data=body or None, headers=sent) as found:
                return Response(await found.read(), found.status, media_type=found.headers.get("content-type"))

        yield


@asynccontextmanager
async def read(app: FastAPI, url: str) -> AsyncIterator[None]:
    """One row, without asking who wants it."""
    async with asyncpg.create_pool(url, min_size=4, max_size=6) as pool:

        @app.get("/orders/{order_id}")
        async def get_order(order_id: UUID) -> Shown:
            row = await pool.fetchrow(_ROW, order_id)
            if row is None:
                raise HTTPException(404)
            return Shown(**row)

        yield


@asynccontextmanager
async def order(app: FastAPI) -> AsyncIterator[None]:
    """An order that goes nowhere."""

    @app.post("/orders", status_code=201)
    async def place_order(asked: Asked) -> Taken:
        return Taken(id=uuid4(), status="pending", symbol=asked.symbol, filled=Decimal(0))

    yield


async def main(kind: str, *values: str) -> None:
    """Serve until nobody asks any more."""
    app = FastAPI()
    async with {"hop": hop, "read": read, "order": order}[kind](app, *values):  # type: ignore[operator]
        server = HttpServer(app, bind("127.0.0.1", 0))
        await server.start()
        answer(port=server.port)
        async for _ in commands():
            pass
        await server.stop()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
