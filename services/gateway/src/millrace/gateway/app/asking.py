"""One request under way, as the handlers of the operations see it: who asks, and how others are asked for them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.names import Contract


class Ask(Protocol):
    """Asks another service; its error is raised again. `user` is in whose name, None for nobody's."""

    async def __call__(
        self,
        service: str,
        method: str,
        path: str,
        user: Principal | None = None,
        *,
        json: Any = None,
        query: Mapping[str, Any] | None = None,
        deadline: float = 10.0,
    ) -> Any: ...


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, from where, when, and as a client of which contract.

    `contract` was chosen by address, header or credential, `hint` is what the request's fields look like; both may be
    None. `spoken` is whose view read the request. `intent` is the id under which what the request does may be done
    again without being done twice.
    """

    backend: Ask
    now: datetime
    spoken: Contract
    principal: Principal | None = None
    contract: Contract | None = None
    hint: Contract | None = None
    intent: UUID | None = None
    ip: str = ""
    user_agent: str = ""
    device: str = ""

    @property
    def user(self) -> Principal:
        """Who asks. Raises AUTH_REQUIRED when nobody has signed in."""
        if self.principal is None:
            raise MillraceError(Code.AUTH_REQUIRED, "Not authenticated: send an access token as Bearer")
        return self.principal

    async def ask(
        self,
        service: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        query: Mapping[str, Any] | None = None,
        deadline: float = 10.0,
    ) -> Any:
        """What another service answers to the user; it is waited for `deadline` seconds."""
        return await self.backend(service, method, path, self.user, json=json, query=query, deadline=deadline)

    async def ask_as_nobody(self, service: str, method: str, path: str, *, json: Any = None) -> Any:
        """What another service answers to whoever asks."""
        return await self.backend(service, method, path, json=json)


Handler = Callable[[Asking, Any], Awaitable[Any]]
Handlers = Mapping[str, Handler]
"""By the operation's name: takes its command, gives its result."""
