"""Liveness, readiness and metrics, on a port of their own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from millrace.common.telemetry import metrics

Check = Callable[[], Awaitable[None]]


class Health:
    """Named checks. `draining` turns readiness off while the process winds down."""

    def __init__(self) -> None:
        self.checks: dict[str, Check] = {}
        self.started = False
        self.draining = False

    async def ready(self) -> dict[str, str]:
        """Each check's result: ok, or what is wrong."""
        if self.draining:
            return {"draining": "the process is stopping"}
        if not self.started:
            return {"starting": "the process is not up yet"}
        return {name: await _result(check) for name, check in self.checks.items()}

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """The ASGI app of `/livez`, `/startupz`, `/readyz` and `/metrics`."""
        if scope["type"] != "http":
            return
        match scope["path"]:
            case "/livez":
                await answer(send, 200, orjson.dumps({"status": "ok"}))
            case "/startupz":
                await answer(send, 200 if self.started else 503, orjson.dumps({"started": self.started}))
            case "/readyz":
                found = await self.ready()
                good = all(v == "ok" for v in found.values())
                await answer(send, 200 if good else 503, orjson.dumps(found))
            case "/metrics":
                await answer(send, 200, metrics.render(), b"text/plain; version=0.0.4")
            case _:
                await answer(send, 404, b"{}")


async def _result(check: Check) -> str:
    try:
        async with asyncio.timeout(2):
            await check()
    except Exception as problem:
        return repr(problem)
    return "ok"


async def answer(send: Any, status: int, body: bytes, kind: bytes = b"application/json") -> None:
    """A small whole response."""
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
