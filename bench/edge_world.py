"""The embedded platform in a process of its own, and two of its services' own APIs on ports beside the gateway's.

    python bench/edge_world.py

Says {"port", "auth", "execution", "folder", "database"} when it serves, and answers
{"sign": user id} -> {"identity": "..."}   what the gateway would tell the execution service of that user; for a minute
"""

import os
from pathlib import Path
from uuid import UUID

import uvloop
from commands import answer, commands
from processes import data_folder

from millrace.common.auth.principal import Principal
from millrace.common.runtime.platform import Platform
from millrace.common.runtime.server import HttpServer, bind
from millrace.common.runtime.settings import Settings
from millrace.common.telemetry import logs

BARE = ("auth", "execution")


async def main(folder: Path) -> None:
    """Serve until nobody asks any more."""
    os.environ["MILLRACE_GATEWAY_RATES"] = "1000000"  # requests are counted, and never too many
    logs.configure("error")
    platform = Platform(Settings(port=0, data_dir=folder))
    await platform.start()
    bare = {name: HttpServer(platform.host.running[name].service.api, bind("127.0.0.1", 0)) for name in BARE}
    for server in bare.values():
        await server.start()
    ports = {name: server.port for name, server in bare.items()}
    answer(port=platform.port, folder=str(folder), database=platform.host.url, **ports)
    identities = platform.host.keys().internal
    async for command in commands():
        answer(identity=identities.sign(Principal(UUID(command["sign"]), "bench", "trader"), "execution"))
    for server in bare.values():
        await server.stop()
    await platform.stop()


if __name__ == "__main__":
    with data_folder() as own:
        uvloop.run(main(own))
