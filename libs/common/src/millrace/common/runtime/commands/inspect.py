"""`millrace status`, `verify` and `migrate`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from http.client import HTTPConnection, HTTPException
from typing import Any

import orjson
from rich.markup import escape
from rich.table import Table

from millrace.common.db import migrate
from millrace.common.db.embedded import EmbeddedPostgres
from millrace.common.runtime.cli import errors, show
from millrace.common.runtime.failures import ABSENT, PROBLEMS, UNREACHABLE, Failure
from millrace.common.runtime.folder import running_state
from millrace.common.runtime.settings import SERVICES, Settings
from millrace.common.runtime.verify import Finding, verify


@asynccontextmanager
async def database_url(settings: Settings, *, create: bool = False) -> AsyncIterator[str]:
    """The URL of the platform's database; the embedded one is started if it is not running.

    Raises Failure when there is none yet, unless it may be made.
    """
    if settings.database_url:
        yield settings.database_url
        return
    folder = settings.data_dir / "postgres"
    if not create and not (folder / "PG_VERSION").exists():
        fix = "start a platform with `millrace up`, or name its folder with --data-dir or MILLRACE_DATA_DIR"
        raise Failure(f"there is no platform in {settings.data_dir}", fix, ABSENT)
    embedded = EmbeddedPostgres(folder)
    url = await asyncio.to_thread(embedded.start)
    try:
        yield url
    finally:
        await asyncio.to_thread(embedded.stop)


async def status(settings: Settings, output: str) -> int:
    """Exit 0 when a platform runs and is ready, 5 when not."""
    state = running_state(settings.data_dir)
    if state is None:
        raise Failure(f"no platform runs on {settings.data_dir}", "start one with `millrace up`", UNREACHABLE)
    if not state:
        fix = "wait until it has started; if this stays, stop it and start it again"
        raise Failure(f"a platform uses {settings.data_dir} but does not say where it answers", fix, UNREACHABLE)
    try:
        ready, checks = await asyncio.to_thread(_readiness, state["ops_port"])
    except (HTTPException, OSError, ValueError) as problem:
        fix = f"look at its log; stop process {state['pid']} and start it again if this stays"
        raise Failure(
            f"the platform of process {state['pid']} does not answer: {problem!r}", fix, UNREACHABLE
        ) from None
    table = Table("service", "state")
    for name, found in checks.items():
        table.add_row(name, str(found))
    if output != "json":
        print(f"{state['address']}, process {state['pid']}")
    show({**state, "ready": ready, "services": checks}, output, table)
    return 0 if ready else UNREACHABLE


def _readiness(port: int) -> tuple[bool, dict[str, Any]]:
    """Whether the platform is ready, and what it says of each service. Not by aiohttp, which takes long to import."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status == 200, orjson.loads(answer.read())


async def verify_books(settings: Settings, output: str, patience: float) -> int:
    """Exit 6 when an invariant is broken."""
    async with database_url(settings) as url:
        findings = await verify(url, patience)
    report(findings, output)
    return PROBLEMS if any(f.rows for f in findings) else 0


def report(findings: list[Finding], output: str) -> None:
    """Show what was checked."""
    table = Table("", "invariant", "result")
    for found in findings:
        result = f"[red]{len(found.rows)} broken: {escape(str(found.rows[0]))}[/]" if found.rows else "[green]holds[/]"
        table.add_row(found.check.number, found.check.meaning, result)
    shown = [{"check": f.check.number, "meaning": f.check.meaning, "broken": f.rows} for f in findings]
    show(shown, output, table)


async def migrate_all(settings: Settings, output: str) -> int:
    """Migrate every schema."""
    from millrace.common.runtime.host import owned_schemas

    async with database_url(settings, create=True) as url:
        done = await migrate.upgrade(url, owned_schemas(SERVICES))
    if output == "json":
        show({"migrated": done}, output)
    errors.print(f"migrated: {', '.join(done) or 'nothing, all schemas are up to date'}")
    return 0
