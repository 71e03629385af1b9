"""`millrace events tail`."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from millrace.common.bus import inspection
from millrace.common.events.topics import CATALOGUE
from millrace.common.runtime.cli import wait_for_signal
from millrace.common.runtime.commands.inspect import database_url
from millrace.common.runtime.failures import ABSENT, USAGE, Failure
from millrace.common.runtime.settings import Settings

_LOOK_SECONDS = 0.3
_ENDING_SECONDS = 3.0
_AT_ONCE = 1000
_NEWEST = """
select * from (
  select topic, partition, position, key, seq, type, time, body from bus.log
  where topic = $1 and ($2::text is null or key = $2) order by appended_at desc, position desc limit $3) found
order by time, position
"""
_ENDS = "select partition, position from bus.ends where topic = $1"
_SINCE = """
select l.topic, l.partition, l.position, l.key, l.seq, l.type, l.time, l.body from bus.log l
join unnest($3::int[], $4::bigint[]) as seen(partition, position) using (partition)
where l.topic = $1 and ($2::text is null or l.key = $2) and l.position >= seen.position
order by l.appended_at, l.position limit $5
"""


async def tail(settings: Settings, topic: str, key: str | None, follow: bool, count: int, output: str) -> int:
    """Print messages, old ones first; with `follow` until interrupted."""
    if topic not in CATALOGUE and ".dlq." not in topic:
        raise Failure(f"there is no topic {topic!r}", f"choose one of {', '.join(CATALOGUE)}", ABSENT)
    if settings.bus == "memory":
        raise Failure("the memory bus keeps no messages", "use MILLRACE_BUS=postgres or kafka", USAGE)
    source = _kafka if settings.bus == "kafka" else _embedded
    stopped = wait_for_signal()
    printing = asyncio.ensure_future(_print(source(settings, topic, key, follow, count), output))
    waiting: set[asyncio.Future[Any]] = {printing, stopped}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if printing.done():
        printing.result()
        return 0
    printing.cancel()
    await asyncio.wait({printing}, timeout=_ENDING_SECONDS)
    if not printing.done():  # a server that does not answer keeps nobody here
        sys.stdout.flush()
        os._exit(128 + stopped.result())
    return 128 + stopped.result()


async def _print(messages: AsyncIterator[dict[str, Any]], output: str) -> None:
    async for found in messages:
        print(_line(found) if output == "table" else orjson.dumps(found, default=str).decode(), flush=True)


def _line(found: dict[str, Any]) -> str:
    at: datetime = found["time"]
    return f"{at:%H:%M:%S.%f}  {found['type']}  {found['key']} #{found['seq']}  {orjson.dumps(found['body']).decode()}"


def _shown(topic: str, found: Any) -> dict[str, Any]:
    body = found.body if hasattr(found, "body") else found["body"]
    fields = ("time", "key", "seq", "type")
    values = {name: getattr(found, name) if hasattr(found, name) else found[name] for name in fields}
    return {"topic": topic, **values, "body": orjson.loads(body)}


async def _kafka(
    settings: Settings, topic: str, key: str | None, follow: bool, count: int
) -> AsyncIterator[dict[str, Any]]:
    if not settings.kafka:
        raise Failure("nothing says where Kafka is", "set MILLRACE_KAFKA=host:port", USAGE)
    try:
        async for found in inspection.messages(settings.kafka, settings.kafka_prefix + topic, key, count, follow):
            yield _shown(topic, found)
    except LookupError:
        fix = "start the platform once, or correct MILLRACE_KAFKA_PREFIX"
        raise Failure(f"Kafka has no topic {settings.kafka_prefix + topic}", fix, ABSENT) from None


async def _embedded(
    settings: Settings, topic: str, key: str | None, follow: bool, count: int
) -> AsyncIterator[dict[str, Any]]:
    async with database_url(settings) as url:
        connection = await asyncpg.connect(url)
        try:
            ends = {row["partition"]: row["position"] for row in await connection.fetch(_ENDS, topic)}
            for row in await connection.fetch(_NEWEST, topic, key, count):
                ends[row["partition"]] = max(ends.get(row["partition"], 0), row["position"] + 1)
                yield _shown(topic, row)
            while follow:
                await asyncio.sleep(_LOOK_SECONDS)
                for row in await connection.fetch(_SINCE, topic, key, list(ends), list(ends.values()), _AT_ONCE):
                    ends[row["partition"]] = row["position"] + 1
                    yield _shown(topic, row)
        finally:
            connection.terminate()  # a polite close waits for the query that an interruption has cut short
