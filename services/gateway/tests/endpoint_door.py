"""The contracts' endpoints between fakes."""

from typing import Any

from libs.contracts.tests.samples import result
from millrace.common.web.app import create_app
from millrace.contracts.operations import OPERATIONS
from millrace.gateway.api.dispatch import Dispatch
from millrace.gateway.api.endpoints import Endpoints
from millrace.gateway.api.errors import render
from services.gateway.tests.fakes import ONE, Once, Reply, Services, ask, backend, clock


class Door:
    """The endpoints between fakes: `heard` are the commands, each with who asked."""

    def __init__(self, *, origins: bool = True, **results: Any) -> None:
        self.heard: list[tuple[Any, Any]] = []
        self.results = results
        self.once = Once()
        handlers = {name: self._handler(name) for name in OPERATIONS}
        made = Endpoints(backend(Services(), self.once), handlers, clock(), origins=origins)
        app = create_app("x", service="gateway", render=render)
        app.router.routes.extend(made.routes())
        self.app = Dispatch(app, render, {})

    def _handler(self, name: str) -> Any:
        async def handle(asking: Any, command: Any) -> Any:
            self.heard.append((asking, command))
            given = self.results.get(name.replace(".", "_"), None) or result(name)
            if isinstance(given, Exception):
                raise given
            return given

        return handle

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        """Asked by a trader, if nothing else is said."""
        return await ask(self.app, method, path.replace("{bot_id}", ONE).replace("{order_id}", ONE), body, **options)
