"""`millrace dlq`."""

from typing import Any

import asyncpg
import orjson
from rich.markup import escape
from rich.table import Table

from millrace.common.runtime.cli import errors, show
from millrace.common.runtime.commands.inspect import database_url
from millrace.common.runtime.failures import ABSENT, Failure
from millrace.common.runtime.settings import SERVICES, Settings

_OWNERS = tuple(name for name in SERVICES if name != "gateway")


async def list_letters(settings: Settings, output: str) -> int:
    """All messages of all services that are parked or wait for their redrive."""
    query = " union all ".join(
        f"select '{name}' as service, number, topic, key, seq, state, error, parked_at "  # noqa: S608
        f"from {name}.dead_letters where state <> 'done'"
        for name in _OWNERS
    )
    found = [dict(row) for row in await _fetch(settings, f"{query} order by service, number")]
    table = Table("service", "number", "topic", "key", "state", "error")
    for row in found:
        table.add_row(row["service"], str(row["number"]), row["topic"], row["key"], row["state"], escape(row["error"]))
    show(found, output, table)
    return 0


async def show_letter(settings: Settings, service: str, number: int, output: str) -> int:
    """One message with headers and body."""
    _known(service)
    rows = await _fetch(settings, f"select * from {service}.dead_letters where number = $1", number)  # noqa: S608
    if not rows:
        raise Failure(f"{service} has no dead letter {number}", "`millrace dlq list` shows what there is", ABSENT)
    body = bytes(rows[0]["body"]).decode(errors="replace")
    found = {**dict(rows[0]), "headers": orjson.loads(rows[0]["headers"]), "body": body}
    table = Table("field", "value")
    for name, value in found.items():
        table.add_row(name, escape(str(value)))
    show(found, output, table)
    return 0


async def redrive(settings: Settings, service: str, number: int | None, output: str) -> int:
    """Mark messages to be applied again; the running service does it, in order."""
    _known(service)
    query = f"""
        update {service}.dead_letters set state = 'redrive' where state = 'parked' and ($1::bigint is null or
          (topic, key) = (select topic, key from {service}.dead_letters where number = $1)) returning number
    """  # noqa: S608
    rows = await _fetch(settings, query, number)
    if number is not None and not rows:
        raise Failure(f"{service} has no parked message {number}", "`millrace dlq list` shows what there is", ABSENT)
    numbers = sorted(row["number"] for row in rows)
    if output == "json":
        show({"service": service, "redriven": numbers}, output)
    errors.print(f"{len(numbers)} messages will be applied again by {service}, as soon as it runs")
    return 0


async def _fetch(settings: Settings, query: str, *values: Any) -> list[asyncpg.Record]:
    async with database_url(settings) as url:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetch(query, *values)
        finally:
            await connection.close()


def _known(service: str) -> None:
    if service not in _OWNERS:
        raise Failure(f"there is no service {service!r}", f"choose one of {', '.join(_OWNERS)}", ABSENT)
