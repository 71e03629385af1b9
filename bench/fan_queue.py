"""A peer of the fan-out over SSE: Starlette's StreamingResponse with a queue and a task for each client, by uvicorn.

It is sse-starlette's shape without what that adds to each event.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator

import uvicorn
import uvloop
from fan_server import event_text, obey
from processes import many_files
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from millrace.common.runtime.server import bind

_queues: set["asyncio.Queue[bytes]"] = set()


async def events(_: Request) -> StreamingResponse:
    """One client."""
    queue: asyncio.Queue[bytes] = asyncio.Queue(5000)
    _queues.add(queue)

    async def stream() -> AsyncIterator[bytes]:
        try:
            yield b": hello\n\n"
            while True:
                yield await queue.get()
        finally:
            _queues.discard(queue)

    return StreamingResponse(stream(), media_type="text/event-stream")


async def main() -> None:
    """Serve until nobody commands any more."""
    listener, numbers = bind("127.0.0.1", 0), itertools.count(1)
    app = Starlette(routes=[Route("/api/realtime/events/log", events)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve([listener]))

    def publish(stamp: int) -> None:
        number = next(numbers)
        text = b"id: %d\nevent: told\ndata: %s\n\n" % (number, event_text(stamp, number))
        for queue in _queues:
            queue.put_nowait(text)

    async def admit() -> str:
        return "nobody"

    await obey(listener.getsockname()[1], admit, publish)
    server.force_exit = server.should_exit = True
    await serving


if __name__ == "__main__":
    many_files()
    uvloop.run(main())
