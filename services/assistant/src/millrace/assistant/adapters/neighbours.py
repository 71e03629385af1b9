"""The other services, over their HTTP APIs."""

from collections.abc import Callable
from typing import Any

from millrace.assistant.app.ports import Away
from millrace.common.auth.internal import HEADER, Identities
from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.client import ServiceClient

_AWAY = (Code.UNAVAILABLE, Code.INTERNAL)
_SECONDS = 5.0


class Neighbours:
    """Signs each call as the user's own."""

    def __init__(self, client: Callable[[str], ServiceClient], identities: Identities) -> None:
        self._client = client
        self._identities = identities

    async def ask(self, user: Principal, service: str, path: str, **query: Any) -> Any:
        return await self._call(user, service, "GET", path, query=query)

    async def tell(self, user: Principal, service: str, method: str, path: str, asked: Any = None) -> Any:
        return await self._call(user, service, method, path, json=asked)

    async def _call(self, user: Principal, service: str, method: str, path: str, **said: Any) -> Any:
        headers = {HEADER: self._identities.sign(user, service)}
        try:
            answer = await self._client(service).request(method, path, headers=headers, deadline=_SECONDS, **said)
            return answer.value()
        except MillraceError as problem:
            if problem.code in _AWAY:
                raise Away(service, problem.message) from None
            raise
