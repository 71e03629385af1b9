"""Clients that share nothing with the platform: curl, a page in a browser, and Python's own library. Nothing is set."""

import asyncio
import json as text
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from yarl import URL

from tests.real.browser import Page

_SECONDS = 30


def _read(body: str) -> Any:
    try:
        return text.loads(body)
    except ValueError:
        return body


class Curl:
    """Each request is a process."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.token = ""

    async def call(
        self, method: str, path: str | URL, json: Any = None, *, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        """Status and body. A refusal makes curl fail, and its body is there nevertheless."""
        asked = dict(headers) | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        body = ("-H", "Content-Type: application/json", "--data-binary", "@-") if json is not None else ()
        shown = [word for name, value in asked.items() for word in ("-H", f"{name}: {value}")]
        command = ["-sS", "--fail-with-body", "-w", "\n%{http_code}", "-X", method, *shown, *body, f"{self.base}{path}"]
        code, told = await _curl(command, b"" if json is None else text.dumps(json).encode())
        answer, _, status = told.rpartition("\n")
        assert code == (22 if int(status) >= 400 else 0), f"curl ended with {code}: {told}"
        return int(status), _read(answer)

    async def events(self, path: str, last: str) -> list[tuple[str, Any]]:
        """The events of a stream, up to the first with the name `last`."""
        shown = ("-H", f"Authorization: Bearer {self.token}", "-H", "Accept: text/event-stream")
        process = await asyncio.create_subprocess_exec(
            *("curl", "-sSN", "--fail-with-body", *shown, f"{self.base}{path}"), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        found: list[tuple[str, Any]] = []
        name = ""
        async with asyncio.timeout(_SECONDS):
            while not found or found[-1][0] != last:
                field, _, value = (await process.stdout.readline()).decode().rstrip("\n").partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    found.append((name, text.loads(value)))
        process.terminate()
        await process.wait()
        return found


async def _curl(command: list[str], told: bytes) -> tuple[int, str]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec("curl", *command, stdin=pipe, stdout=pipe)
    out, _ = await process.communicate(told)
    return process.returncode or 0, out.decode()


class Browser:
    """A page of the platform's own address, with nothing on it."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        self.token = ""

    async def open(self) -> None:
        """Go there, with nothing kept from before."""
        await self.page.open(f"{self.base}/health")
        await self.page.until("document.readyState === 'complete' && location.pathname === '/health'")

    async def call(
        self, method: str, path: str | URL, json: Any = None, *, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        """Status and body, by `fetch`."""
        asked = dict(headers) | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        told: dict[str, Any] = {"method": method, "headers": asked}
        if json is not None:
            told = {
                "method": method,
                "headers": {**asked, "Content-Type": "application/json"},
                "body": text.dumps(json),
            }
        script = f"fetch({text.dumps(str(path))}, {text.dumps(told)}).then(async a => [a.status, await a.text()])"
        status, body = await self.page.value(script)
        return int(status), _read(body)

    async def events(self, path: str, last: str) -> Any:
        """The data of the first event of this name, by `EventSource`."""
        address = text.dumps(f"{path}?token={self.token}")
        return _read(
            await self.page.value(
                f"new Promise((good, bad) => {{ const s = new EventSource({address}); s.onerror = bad;"
                f" s.addEventListener({text.dumps(last)}, e => {{ s.close(); good(e.data); }}); }})"
            )
        )

    async def messages(self, path: str, said: list[Any], kind: str) -> Any:
        """The first message of this type, by `WebSocket`, once all of `said` was sent."""
        return _read(
            await self.page.value(
                f"new Promise((good, bad) => {{ const s = new WebSocket({text.dumps(path)}); s.onerror = bad;"
                f" s.onopen = () => {text.dumps(said)}.forEach(m => s.send(JSON.stringify(m)));"
                " s.onclose = e => bad(new Error(e.reason));"
                f" s.onmessage = e => {{ if (JSON.parse(e.data).type === {text.dumps(kind)})"
                " { s.onclose = null; s.close(); good(e.data); } }; })"
            )
        )


class Urllib:
    """Python without a library."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.token = ""

    async def call(
        self, method: str, path: str | URL, json: Any = None, *, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        """Status and body."""
        return await asyncio.to_thread(self._call, method, str(path), json, headers)

    def _call(self, method: str, path: str, json: Any, headers: Mapping[str, str]) -> tuple[int, Any]:
        asked = dict(headers) | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        data = None if json is None else text.dumps(json).encode()
        if data is not None:
            asked["Content-Type"] = "application/json"
        request = urllib.request.Request(self.base + path, data, asked, method=method)
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
                return answer.status, _read(answer.read().decode())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, _read(refused.read().decode())
