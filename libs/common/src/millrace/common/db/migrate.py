"""Brings schemas up to date: the bus, and each service's own by its alembic history.

Several processes may start at once: an advisory lock lets one of them work and the others find it done.
"""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import asyncpg

_LOCK = 0x6D696C6C  # "mill"

_ROLES = """
do $$ declare wanted text; begin
  foreach wanted in array array['{schema}_worker', '{schema}_user'] loop
    if not exists (select from pg_roles where rolname = wanted) then
      execute format('create role %I nologin', wanted);
    end if;
  end loop;
end $$;
create schema if not exists {schema};
grant usage on schema {schema} to {schema}_worker, {schema}_user;
grant millrace_bus to {schema}_worker, {schema}_user;
grant {schema}_user to {schema}_worker;
grant {schema}_worker to current_user;
"""
_GRANTS = """
grant select, insert, update, delete on all tables in schema {schema} to {schema}_worker, {schema}_user;
grant usage on all sequences in schema {schema} to {schema}_worker, {schema}_user;
grant execute on all functions in schema {schema} to {schema}_worker, {schema}_user;
revoke all on {schema}.alembic_version from {schema}_user;
"""


async def upgrade(url: str, services: Mapping[str, Path]) -> list[str]:
    """Migrate each schema in `services` (name -> folder of its migrations) to its newest version.

    `url` is a login that may create schemas and roles. Returns the names that were behind.
    """
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        await connection.execute(files("millrace.common.bus").joinpath("bus.sql").read_text())
        behind = [name for name, folder in services.items() if await _version(connection, name) != _head(folder)]
        for name in behind:
            await connection.execute(_ROLES.format(schema=name))
            await _upgrade(url, name, services[name])
            await connection.execute(_GRANTS.format(schema=name))
    finally:
        await connection.close()
    return behind


def _head(folder: Path) -> str:
    """The newest revision: files are named `<revision>_<what>.py` and revisions are numbered."""
    return max((f.name.split("_")[0] for f in folder.glob("[0-9]*.py")), default="")


async def _version(connection: "asyncpg.Connection[asyncpg.Record]", schema: str) -> str | None:
    if await connection.fetchval("select to_regclass($1)", f"{schema}.alembic_version") is None:
        return None
    found: str | None = await connection.fetchval(f"select version_num from {schema}.alembic_version")  # noqa: S608
    return found


async def _upgrade(url: str, schema: str, folder: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.ext.asyncio import create_async_engine

    config = Config()
    config.set_main_option("script_location", str(files("millrace.common.db").joinpath("alembic")))
    config.set_main_option("version_locations", str(folder))
    config.set_main_option("path_separator", "os")
    engine = create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1),
        connect_args={"server_settings": {"search_path": schema}},
    )

    def run(connection: Any) -> None:
        config.attributes.update(connection=connection, schema=schema)
        command.upgrade(config, "head")

    try:
        async with engine.begin() as connection:
            await connection.run_sync(run)
    except DBAPIError as problem:
        raise (problem.orig and problem.orig.__cause__) or problem from None  # as callers know it: PostgreSQL's own
    finally:
        await engine.dispose()
