"""What every request passes before it is asked: how many its address and its user may send."""

import asyncio
from typing import Any

from fastapi import Request

from millrace.common.auth.principal import Principal
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.telemetry import metrics
from millrace.common.web.errors import Renderer
from millrace.contracts.names import Contract
from millrace.gateway.app.ports import Buckets
from millrace.gateway.domain.rates import ADDRESS, UNION, Rate, Standing, headers, rates


class Rates:
    """An ASGI app before another: counts addresses, and shows the rates' headers on every answer to a user.

    `scale` multiplies every rate; 0 counts nothing.
    """

    def __init__(self, app: Any, buckets: Buckets, clock: Clock, render: Renderer, scale: float = 1.0) -> None:
        self._app = app
        self._buckets = buckets
        self._clock = clock
        self._render = render
        self._scale = scale
        self._address = [ADDRESS.scaled(scale)]
        self._rates: dict[tuple[str, str | None], list[Rate]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not self._scale:
            await self._app(scope, receive, send)
            return
        scope["rates"] = self

        async def shown(message: Any) -> None:
            if message["type"] == "http.response.start" and (standings := scope.get("rates.standings")):
                told = headers(standings, self._clock.now().timestamp())
                message["headers"] = [*message["headers"], *((n.encode(), v.encode()) for n, v in told.items())]
            await send(message)

        try:
            await self._take(scope, f"address {(scope.get('client') or ('',))[0]}", self._address)
        except MillraceError as refused:
            await self._render(refused, Request(scope))(scope, receive, shown)
            return
        await self._app(scope, receive, shown)

    async def charge(self, scope: Any, user: Principal, contract: Contract | None, category: str) -> None:
        """Count a request for its user, under the contract it is made in; a shaped rate is waited for."""
        spoken = contract or UNION
        if (wanted := self._rates.get((spoken, category))) is None:
            wanted = self._rates[spoken, category] = [rate.scaled(self._scale) for rate in rates(spoken, category)]
        await self._take(scope, f"user {user.user_id}", wanted)

    async def _take(self, scope: Any, caller: str, wanted: list[Rate]) -> None:
        standings = scope["rates.standings"] = await self._buckets.take(caller, wanted)
        refused = [standing for standing in standings if standing.refused]
        if refused:
            metrics.RATE_REJECTIONS.labels(refused[0].rate.name).inc()
            raise _too_many(refused[0])
        if wait := max(standing.wait for standing in standings):
            await asyncio.sleep(wait)


def _too_many(standing: Standing) -> MillraceError:
    rate = standing.rate
    text = f"more than {rate.limit} requests in {rate.seconds:.0f} seconds; try again in {standing.wait:.1f} seconds"
    details = {"limit": rate.limit, "seconds": rate.seconds}
    return MillraceError(Code.RATE_LIMITED, text, details=details, retry_after=standing.wait)
