"""Routes: they translate, and hand over to the desk and the queries."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import Response

from millrace.common.auth.principal import Principal
from millrace.common.db.work import Works
from millrace.common.events.trading import TERMINAL, OrderState
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.ids import new_id
from millrace.common.kernel.instruments import exchange_of, instrument
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import body
from millrace.common.web.routes import Route
from millrace.execution.api.schemas import Order, Orders, PlaceOrder, present, shown
from millrace.execution.app import queries
from millrace.execution.app.desk import place
from millrace.execution.app.orders import change
from millrace.execution.app.sender import Sender
from millrace.execution.domain.intent import Intent


def routes(works: Works, orders: Any, sender: Sender, price: Any, clock: Clock, wait: float, current: Any) -> APIRouter:
    """The API of the execution service. `price(exchange, symbol)` is the market's last price or None."""
    api = APIRouter()
    user_dependency = Annotated[Principal, Depends(current)]

    async def place_order(request: Request) -> Response:
        user, asked = await current(request), await body(PlaceOrder)(request)
        if asked.intent_id is not None:
            async with works.database.as_user(user.user_id) as connection:
                if (known := await queries.of_intent(connection, user.user_id, asked.intent_id)) is not None:
                    return json_response(shown(known), 201)
        filters = instrument(asked.exchange or exchange_of(asked.symbol), asked.symbol)
        reference = price(filters.exchange, filters.symbol)
        if reference is None:
            raise MillraceError(Code.UNAVAILABLE, f"no price of {filters.symbol} is known yet; try again soon")
        intent = Intent(
            intent_id=asked.intent_id or new_id(clock),
            user_id=user.user_id,
            exchange=filters.exchange,
            symbol=filters.symbol,
            spelling=asked.symbol,
            requested_at=clock.now(),
            reference=reference,
            **asked.model_dump(exclude={"exchange", "symbol", "intent_id"}),
        )
        row: dict[str, Any] = {}
        try:
            async with works.begin(user.user_id) as work:
                row = await place(work, intent, orders=orders)
                sender.waiting.expect(row["order_id"])
            return json_response(shown(await sender.waiting.decision(row["order_id"], wait) or row), 201)
        finally:  # also of a commit that failed or was cancelled
            if row:
                sender.waiting.forget(row["order_id"])

    @api.get("/orders")
    async def list_orders(
        user: user_dependency,
        account_id: UUID | None = None,
        bot_id: UUID | None = None,
        symbol: str | None = None,
        source: str | None = None,
        since: AwareDatetime | None = None,
        until: AwareDatetime | None = None,
        state: Annotated[list[OrderState] | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> Orders:
        name = str(parse_symbol(symbol)) if symbol else None
        states = [s.value for s in state] if state else None
        wanted = queries.Wanted(account_id, bot_id, name, states, source, since, until)
        async with works.database.as_user(user.user_id) as connection:
            rows, total = await queries.list_orders(connection, user.user_id, wanted, limit=limit, offset=offset)
        return Orders(items=[present(row) for row in rows], total=total)

    async def get_order(request: Request) -> Response:
        user = await current(request)
        async with works.database.as_user(user.user_id) as connection:
            row = await queries.get_order(connection, user.user_id, request.path_params["order_id"])
        if row is None:
            raise not_found("order")
        return json_response(shown(row))

    @api.delete("/orders/{order_id}")
    async def cancel_order(user: user_dependency, order_id: UUID) -> Order:
        async with works.begin(user.user_id) as work:
            row = (await orders.locked(work, [order_id])).get(order_id)
            if row is None or row["user_id"] != user.user_id:
                raise not_found("order")
            state = OrderState(row["state"])
            if state in TERMINAL:
                raise MillraceError(Code.ORDER_NOT_CANCELABLE, f"the order is {state.value} and cannot be cancelled")
            if state in (OrderState.RECEIVED, OrderState.APPROVED):
                change(work, row, OrderState.CANCELLED, clock.now(), reason="CLIENT")
                await orders.update(work, [row])
                work.after_commit(lambda: sender.waiting.decided(row))
                return present(row)
            row["cancel_requested_at"] = row["cancel_requested_at"] or clock.now()
            await orders.update(work, [row])
            work.after_commit(lambda: sender.cancel(row))
        return present(await sender.waiting.ending(order_id, wait) or row)

    api.routes.append(Route("/orders", place_order, methods=["POST"]))
    api.routes.append(Route("/orders/{order_id:uuid}", get_order))
    return api
