"""A process stops all it has started, whatever goes wrong with some of it."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from millrace.common.runtime import host as hosts
from millrace.common.runtime.host import Host
from millrace.common.runtime.settings import Settings


class Parts:
    """A host's parts: notes what is stopped; `broken` raise when they are, `stuck` never end."""

    def __init__(self, broken: tuple[str, ...] = (), stuck: tuple[str, ...] = ()) -> None:
        self.stopped: list[str] = []
        self.broken = broken
        self.stuck = stuck

    def stopping(self, name: str) -> Any:
        async def stop() -> None:
            self.stopped.append(name)
            if name in self.broken:
                raise ConnectionResetError(f"{name} is broken")
            if name in self.stuck:
                await asyncio.Event().wait()

        return stop

    def service(self, name: str) -> Any:
        service = SimpleNamespace(name=name, stop=[self.stopping(f"{name} hook")])
        database = SimpleNamespace(close=self.stopping(f"{name} database"))
        return SimpleNamespace(service=service, database=database, consumer=None, relay=None, tasks=[])

    def host(self) -> Host:
        """Two services on a bus with a database server, as if they had been started."""
        found: Any = Host(Settings(), [])
        found.running = {name: self.service(name) for name in ("risk", "bots")}
        found.bus = SimpleNamespace(stop=self.stopping("bus"))
        found._clients = {"auth": SimpleNamespace(close=lambda: self.stopped.append("connections"))}
        found._postgres = SimpleNamespace(stop=lambda: self.stopped.append("server"))
        made: Host = found
        return made


ALL = ["bots hook", "bots database", "risk hook", "risk database", "connections", "bus", "server"]


@pytest.mark.parametrize("broken", [(), ("bots database",), ("risk database", "bus"), tuple(ALL)])
async def test_everything_is_stopped_in_order_though_some_of_it_is_broken(broken: tuple[str, ...]) -> None:
    parts = Parts(broken)
    await parts.host().stop()
    assert parts.stopped == ALL


async def test_what_does_not_end_keeps_nothing_from_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "_STOP_SECONDS", 0.01)
    parts = Parts(stuck=("bots hook", "risk database", "bus"))
    await parts.host().stop()
    assert parts.stopped == ALL
