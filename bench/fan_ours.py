"""The notifier in a process of its own: its real routes on our real server, real tokens, told by its hub."""

import asyncio
import itertools
from pathlib import Path
from uuid import UUID, uuid4

import uvloop
from fan_server import AT, KIND, PAD, obey
from processes import data_folder, many_files

from millrace.common.auth.tokens import TokenReader
from millrace.common.runtime.host import Host
from millrace.common.runtime.server import HttpServer, bind
from millrace.common.runtime.settings import Settings
from millrace.common.telemetry import logs
from millrace.common.web.app import create_app
from millrace.notifier.api import http, websocket
from millrace.notifier.app.desk import Desk
from millrace.notifier.app.log import UserLog
from millrace.notifier.config import NotifierSettings
from millrace.notifier.domain.hub import Entry, Hub


class Told:
    """The newest user, and how many entries its log has."""

    def __init__(self, host: Host, hub: Hub) -> None:
        self._host = host
        self._hub = hub
        self._user = UUID(int=0)
        self._numbers = itertools.count(1)

    async def admit(self) -> str:
        """A new user's token."""
        name = f"user-{uuid4().hex[:10]}"
        asked = {"username": name, "email": f"{name}@example.com", "password": "SecurePass123!"}
        found = (await self._host.client("auth").request("POST", "/register", json=asked)).value()
        self._user, self._numbers = UUID(found["user"]["id"]), itertools.count(1)
        return str(found["access_token"])

    def publish(self, stamp: int) -> None:
        """One entry, as after the commit that wrote it to the log."""
        body = {"stamp": f"{stamp:019}", "pad": PAD}
        self._hub.tell(self._user, [Entry(next(self._numbers), KIND, body, AT)])


async def main(folder: Path) -> None:
    """Serve until nobody commands any more."""
    logs.configure("error")
    host = Host(Settings(bus="memory", data_dir=folder), ["auth", "notifier"])
    await host.start()
    hub = Hub()
    log = UserLog(host.running["notifier"].database, hub)
    desk = Desk(hub, log, TokenReader(host.client, host.clock), host.clock, NotifierSettings(streams_per_user=5000))
    api = create_app("notifier", service="notifier")
    api.include_router(http.routes(desk))
    api.include_router(websocket.routes(desk))
    server = HttpServer(api, bind("127.0.0.1", 0))
    await server.start()
    watching = asyncio.create_task(desk.watch())
    told = Told(host, hub)
    try:
        await obey(server.port, told.admit, told.publish)
    finally:
        watching.cancel()
        hub.close(1012, "the benchmark is over")
        await server.stop()
        await host.stop()


if __name__ == "__main__":
    many_files()
    with data_folder() as own:
        uvloop.run(main(own))
