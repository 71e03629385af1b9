"""`millrace events` and `millrace dlq`."""

import asyncio
from typing import Any

import asyncpg
import orjson
from rich.table import Table

from millrace.common.runtime.cli import errors, show
from millrace.common.runtime.commands.inspect import database_url
from millrace.common.runtime.settings import SERVICES, Settings

_OWNERS = tuple(name for name in SERVICES if name != "gateway")
_LOG = """
select appended_at, topic, position, key, seq, type, time, convert_from(body, 'UTF8') as body from bus.log
where topic = $1 and ($2::text is null or key = $2) and appended_at > $3 order by appended_at desc limit $4
"""


async def tail(settings: Settings, topic: str, key: str | None, follow: bool, count: int) -> int:
    """Print messages of the embedded log; with Kafka use its own tools."""
    if settings.bus == "kafka":
        errors.print("events tail reads the embedded log; with MILLRACE_BUS=kafka use kafka-console-consumer")
        return 2
    async with database_url(settings) as url:
        connection = await asyncpg.connect(url)
        try:
            since = await connection.fetchval("select 'epoch'::timestamptz")
            while True:
                rows = await connection.fetch(_LOG, topic, key, since, count or 1000)
                for row in reversed(rows):
                    _print(row)
                since, count = (rows[0]["appended_at"] if rows else since), 1000
                if not follow:
                    return 0
                await asyncio.sleep(0.3)
        finally:
            await connection.close()


def _print(row: Any) -> None:
    shown = {"time": row["time"], "topic": row["topic"], "key": row["key"], "seq": row["seq"], "type": row["type"]}
    print(orjson.dumps({**shown, "body": orjson.loads(row["body"])}, default=str).decode(), flush=True)


async def list_letters(settings: Settings, output: str) -> int:
    """All parked messages of all services."""
    found: list[dict[str, Any]] = []
    async with database_url(settings) as url:
        connection = await asyncpg.connect(url)
        for name in _OWNERS:
            rows = await connection.fetch(
                f"select '{name}' as service, number, topic, key, seq, state, error, parked_at "  # noqa: S608
                f"from {name}.dead_letters where state <> 'done' order by number"
            )
            found += [dict(row) for row in rows]
        await connection.close()
    table = Table("service", "number", "topic", "key", "state", "error")
    for row in found:
        table.add_row(row["service"], str(row["number"]), row["topic"], row["key"], row["state"], row["error"][:80])
    show(found, output, table)
    return 0


async def show_letter(settings: Settings, service: str, number: int) -> int:
    """One message with headers and body."""
    row = await _letter(settings, service, number)
    if row is None:
        errors.print(f"{service} has no dead letter {number}")
        return 3
    show(
        {**dict(row), "headers": orjson.loads(row["headers"]), "body": bytes(row["body"]).decode(errors="replace")},
        "json",
    )
    return 0


async def _letter(settings: Settings, service: str, number: int) -> Any:
    _known(service)
    async with database_url(settings) as url:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchrow(f"select * from {service}.dead_letters where number = $1", number)  # noqa: S608
        finally:
            await connection.close()


async def redrive(settings: Settings, service: str, number: int | None) -> int:
    """Mark messages to be applied again; the running service does it, in order."""
    _known(service)
    async with database_url(settings) as url:
        connection = await asyncpg.connect(url)
        query = f"""
            update {service}.dead_letters set state = 'redrive' where state = 'parked' and ($1::bigint is null or
              (topic, key) = (select topic, key from {service}.dead_letters where number = $1)) returning number
        """  # noqa: S608
        rows = await connection.fetch(query, number)
        await connection.close()
    errors.print(f"{len(rows)} messages will be applied again by {service}")
    return 0 if rows else 3


def _known(service: str) -> None:
    if service not in _OWNERS:
        raise LookupError(f"there is no service {service!r}; there are {', '.join(_OWNERS)}")
