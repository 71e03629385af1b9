"""Every service, built as it would be in a process, with nothing connected: what it routes and offers can be read."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from pydantic import SecretStr

from millrace.common.auth.keys import Keys
from millrace.common.bus.memory import MemoryBus
from millrace.common.db.database import Database
from millrace.common.db.outbox import TableOutbox
from millrace.common.db.work import Works
from millrace.common.jobs.queue import Jobs
from millrace.common.kernel.clock import ManualClock, SeededRng
from millrace.common.runtime.service import Context, Service
from millrace.common.runtime.settings import SERVICES, Settings

_KEY = SecretStr("0123456789abcdef" * 4)


def built() -> Mapping[str, Service]:
    """The services by name. Reads no environment but what their own settings read, and opens nothing."""
    found = {entry.name: entry for entry in entry_points(group="millrace.services")}
    return {name: found[name].load()(_context(name)) for name in SERVICES}


def _context(name: str) -> Context:
    settings, clock = Settings(), ManualClock()
    database = Database("postgresql://nowhere", name)
    return Context(
        settings=settings,
        clock=clock,
        rng=SeededRng(1),
        bus=MemoryBus(),
        database=database,
        works=Works(database, TableOutbox(lambda: None), clock),
        call=_no_call,
        keys=Keys.load(settings.data_dir, _KEY, _KEY, _KEY),
        at_rest=_at_rest,
        jobs=Jobs(),
    )


def _no_call(name: str) -> Any:
    raise RuntimeError(f"{name} is not running")


async def _at_rest() -> bool:
    return True
