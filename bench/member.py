"""A member of a consumer group, in a process of its own: says when it has read something, leaves when it is told to.

python bench/member.py SERVERS PREFIX GROUP TOPIC
"""

import asyncio
import logging
import sys

import uvloop
from commands import answer, commands

from millrace.common.bus.kafka import KafkaBus
from millrace.common.telemetry import logs


async def main(servers: str, prefix: str, group: str, topic: str) -> None:
    """Read until a command or the end of commands comes."""
    bus = KafkaBus(servers, "member", prefix=prefix, create_topics=False)
    await bus.start()
    subscription = await bus.subscribe(group, [topic])

    async def read() -> None:
        told = False
        while True:
            records = await subscription.poll(500, 0.5)
            if records:
                await subscription.commit({record.place: record.position + 1 for record in records})
                if not told:
                    answer(reads=True)
                told = True

    reader = asyncio.create_task(read())
    async for _ in commands():
        break
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    await subscription.close()
    await bus.stop()


if __name__ == "__main__":
    logs.configure("error")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    uvloop.run(main(*sys.argv[1:]))
