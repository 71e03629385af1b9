"""The embedded platform in a process of its own, with ticks of ours instead of a market: python tick_world.py RATE"""

import asyncio
import os
import sys
from pathlib import Path

import uvloop
from commands import answer, commands
from processes import data_folder
from tick_source import ticking

from millrace.common.runtime.platform import Platform
from millrace.common.runtime.settings import Settings
from millrace.common.telemetry import logs


async def main(rate: float, folder: Path) -> None:
    """Serve until nobody asks any more."""
    os.environ["MILLRACE_MARKETDATA_FEED"] = "none"
    logs.configure("warning")
    platform = Platform(Settings(port=0, data_dir=folder))
    await platform.start()
    source = asyncio.create_task(ticking(platform.host.bus, rate))
    answer(port=platform.port)
    async for _ in commands():
        pass
    source.cancel()
    await platform.stop()


if __name__ == "__main__":
    with data_folder() as own:
        uvloop.run(main(float(sys.argv[1]), own))
