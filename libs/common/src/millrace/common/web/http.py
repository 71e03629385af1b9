"""How a service asks another that runs in a process of its own."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from millrace.common.telemetry import tracing
from millrace.common.web.answers import encode
from millrace.common.web.client import Answer, pairs, unavailable
from millrace.common.web.wires import Wires

_WRITTEN = "/%:@!$&'()*+,;=-._~"


class Http:
    """Asks over a socket. Only GET is tried again, once, on a broken connection."""

    def __init__(self, base_url: str) -> None:
        self._wires = Wires(base_url)

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        deadline: float = 10.0,
    ) -> Answer:
        with tracing.calling(method, path):
            text = self._text(method, path, json, query, {**(headers or {}), **tracing.headers()})
            try:
                async with asyncio.timeout(deadline):
                    return await self._asked(text, again=method == "GET")
            except OSError:  # TimeoutError is one
                raise unavailable() from None

    async def _asked(self, text: bytes, *, again: bool) -> Answer:
        try:
            return await self._wires.ask(text)
        except ConnectionError:
            if not again:
                raise
            return await self._wires.ask(text)

    def _text(
        self, method: str, path: str, json: Any, query: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> bytes:
        content = b"" if json is None else encode(json)
        asked = f"?{urlencode(pairs(query))}" if query else ""
        told = {"host": self._wires.host, "content-type": "application/json", **headers}
        lines = [
            f"{method} {self._wires.beginning}{quote(path, _WRITTEN)}{asked} HTTP/1.1",
            *(f"{name}: {value}" for name, value in told.items()),
            f"content-length: {len(content)}",
        ]
        if any("\n" in line or "\r" in line for line in lines):
            raise ValueError("a header must not hold the end of a line")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + content

    def close(self) -> None:
        """Hang up."""
        self._wires.close()
