"""What the assistant needs from others."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError


class Away(MillraceError):
    """A service cannot answer now. Of a wish it is then not known whether it was done."""

    def __init__(self, service: str, why: str) -> None:
        super().__init__(Code.UNAVAILABLE, f"{service}: {why}")


class Platform(Protocol):
    """The other services, asked and told in the user's name, so that each decides itself what the user may."""

    async def ask(self, user: Principal, service: str, path: str, **query: Any) -> Any:
        """The answer to a GET. Raises `Away`, and the service's own error."""
        ...

    async def tell(self, user: Principal, service: str, method: str, path: str, asked: Any = None) -> Any:
        """The answer to a request that changes something. Raises as `ask` does."""
        ...


class Call(NamedTuple):
    """What a model wants to have done: a tool of those it was offered, and its arguments as JSON text."""

    id: str
    tool: str
    arguments: str


class Completion(NamedTuple):
    """What a model said; with calls, `text` may be empty."""

    text: str
    calls: tuple[Call, ...] = ()


class ModelFailed(Exception):
    """The model could not be asked, was too slow, or said nothing that can be used. Never holds what it said."""


class Model(Protocol):
    """A language model."""

    async def complete(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]], seconds: float
    ) -> Completion:
        """Go on with a conversation. Raises `ModelFailed`."""
        ...
