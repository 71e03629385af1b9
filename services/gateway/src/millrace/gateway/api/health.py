"""Whether the platform can serve: `/health` and `/api/v1/health`."""

import asyncio
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from millrace.common.kernel.errors import MillraceError
from millrace.common.runtime.service import Context
from millrace.common.runtime.settings import SERVICES
from millrace.common.web.answers import json_response
from millrace.gateway.app.words import moment

_PATIENCE_SECONDS = 1.0
_FRESH_SECONDS = 1.0


class Survey:
    """Asks every other service whether it is there, at most once a second. Any answer will do."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = asyncio.Lock()
        self._found: dict[str, str] = {}
        self._until = -1.0

    async def services(self) -> dict[str, str]:
        """Each service: `ok` or `away`."""
        clock = self._context.clock
        async with self._lock:
            if clock.monotonic() >= self._until:
                names = [name for name in SERVICES if name != "gateway"]
                self._found = dict(zip(names, await asyncio.gather(*map(self._ask, names)), strict=True))
                self._until = clock.monotonic() + _FRESH_SECONDS
            return self._found

    async def _ask(self, name: str) -> str:
        try:
            await self._context.call(name).request("GET", "/health", deadline=_PATIENCE_SECONDS)
        except MillraceError:
            return "away"
        return "ok"


def routes(context: Context, environment: str) -> APIRouter:
    """Contract botplatform; `degraded` and `services` are our own. 200 as long as there is anybody to say so."""
    api = APIRouter()
    survey = Survey(context)

    async def status() -> dict[str, Any]:
        services = await survey.services()
        word = "healthy" if set(services.values()) == {"ok"} else "degraded"
        return {"status": word, "services": services, "timestamp": moment(context.clock.now())}

    @api.get("/health")
    async def health() -> Response:
        about = {"environment": environment, "version": version("millrace-gateway")}
        return json_response({**await status(), **about})

    @api.get("/api/v1/health")
    async def api_health() -> Response:
        return json_response(await status())

    return api
