"""The auth service on a stand, and what people do at its door."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from millrace.common.auth.principal import Principal
from millrace.common.auth.tokens import TokenReader
from millrace.common.events.users import Audited
from millrace.common.kernel.clock import Clock
from millrace.common.runtime.host import Host
from millrace.common.runtime.settings import Settings
from millrace.common.testing.service import Stand, StartService

PASSWORD = "Correct-Horse-7"


@dataclass(slots=True)
class Auth:
    """The service; answers are status and body."""

    stand: Stand
    folder: Path

    async def post(self, path: str, user: Principal | None = None, **body: Any) -> tuple[int, Any]:
        """Ask."""
        answer = await self.stand.ask("auth", "POST", path, user, json=body)
        return answer.status, answer.json()

    async def registered(self, name: str = "alice", **changes: Any) -> dict[str, Any]:
        """A new user's tokens."""
        terms = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, **changes}
        status, found = await self.post("/register", **terms)
        assert status == 200, found
        return dict(found)

    async def ask(self, method: str, path: str, user: Principal | None, **options: Any) -> tuple[int, Any]:
        """Ask in the name of a user."""
        answer = await self.stand.ask("auth", method, path, user, **options)
        return answer.status, answer.json()

    async def person(self, name: str = "alice", **changes: Any) -> tuple[Principal, dict[str, Any]]:
        """A new user who is signed in, and their tokens."""
        found = await self.registered(name, **changes)
        return await self.reader().principal(found["access_token"]), found

    async def users(self, name: str) -> dict[str, Any]:
        """A user, as administrators find them."""
        return dict((await self.stand.ask("auth", "GET", f"/users/by-name/{name}")).value())

    async def told(self, action: str) -> list[Audited]:
        """What is on record of an action."""
        await self.stand.rest()
        return [event for event in self.stand.said(Audited) if event.action == action]

    async def made(self, role: str, name: str) -> Principal:
        """A user with a role, made by an administrator."""
        body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, "role": role}
        answer = await self.stand.ask("auth", "POST", "/users", json=body)
        return Principal(UUID(answer.value()["id"]), name, role)

    async def login(self, name: str = "alice", password: str = PASSWORD, **more: Any) -> tuple[int, Any]:
        """Sign in."""
        return await self.post("/login", username=name, password=password, **more)

    async def patch(self, by: Principal, user_id: UUID | str, **changes: Any) -> int:
        """The status of an administrator's change."""
        return (await self.stand.ask("auth", "PATCH", f"/users/{user_id}", by, json=changes)).status

    def reader(self) -> TokenReader:
        """What the edge reads tokens with."""
        return TokenReader(self.stand.host.client, self.stand.host.clock)

    async def restarted(self, clock: Clock | None = None, **settings: Any) -> None:
        """The service starts once more on the same database; it stops when what is long over has been deleted."""
        shared = Settings(bus="memory", database_url=self.stand.host.url, data_dir=self.folder, **settings)
        host = Host(shared, ["auth"], clock=clock)
        over = "select 1 from sessions where expires_at < $1::timestamptz - interval '30 days' union all "
        over += "select 1 from tickets where expires_at < $1::timestamptz - interval '30 days'"

        async def clean() -> bool:
            return not await host.running["auth"].database.fetch(over, host.clock.now())

        try:
            await host.start(migrating=False)
            await host.until(clean)
        finally:
            await host.stop()


StartAuth = Callable[..., Awaitable[Auth]]


@pytest.fixture
def start_auth(start_service: StartService, tmp_path: Path) -> StartAuth:
    """`await start_auth()` starts the service."""

    async def start(**options: Any) -> Auth:
        return Auth(await start_service("auth", **options), tmp_path)

    return start
