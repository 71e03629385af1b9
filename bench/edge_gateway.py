"""The gateway in a process of its own, as `millrace run gateway` has it: python bench/edge_gateway.py JSON

JSON is what edge_world.py says. Says {"port"} when it serves, and answers
{"authenticate": token, "times": n} -> {"us": ...}   microseconds of processor time to know who asks
"""

import os
import sys
import time
from pathlib import Path

import orjson
import uvloop
from commands import answer, commands
from starlette.requests import Request

from millrace.common.auth.internal import Identities
from millrace.common.auth.tokens import TokenReader
from millrace.common.runtime.host import Host
from millrace.common.runtime.server import HttpServer, bind
from millrace.common.runtime.settings import Settings
from millrace.common.telemetry import logs
from millrace.gateway.api.backend import Backend
from millrace.gateway.api.errors import render
from millrace.gateway.app.once import Once


def _backend(host: Host) -> Backend:
    once = Once(host.running["gateway"].database, host.clock)
    identities: Identities = host.keys().internal
    return Backend(host.client, identities, TokenReader(host.client, host.clock), once, render)


async def authenticated(backend: Backend, token: str, times: int) -> float:
    """Microseconds to turn a request's header into a user, and to sign what the service behind is told of the user."""
    request = Request({"type": "http", "headers": [(b"authorization", f"Bearer {token}".encode())], "client": None})
    user = await backend.known(request)
    begun = time.process_time()
    for _ in range(times):
        user = await backend.known(request)
        backend.signed(user, "execution")
    return (time.process_time() - begun) / times * 1e6


async def main(world: dict[str, str]) -> None:
    """Serve until nobody asks any more."""
    os.environ["MILLRACE_GATEWAY_RATES"] = "1000000"
    logs.configure("error")
    there = {f"{name}_url": f"http://127.0.0.1:{world[name]}" for name in ("auth", "execution")}
    settings = Settings(
        bus="memory",
        database_url=f"postgresql://{world['database'].partition('://')[2]}",
        data_dir=Path(world["folder"]),
        **there,  # type: ignore[arg-type]
    )
    host = Host(settings, ["gateway"])
    await host.start(migrating=False)
    server = HttpServer(host.running["gateway"].service.front, bind("127.0.0.1", 0))
    await server.start()
    answer(port=server.port)
    backend = _backend(host)
    async for command in commands():
        answer(us=await authenticated(backend, command["authenticate"], command["times"]))
    await server.stop()
    await host.stop()


if __name__ == "__main__":
    uvloop.run(main(orjson.loads(sys.argv[1])))
