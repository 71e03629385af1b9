"""HTTP connections that cost the load generator little: prepared bytes go out, answers are read as they are."""

import asyncio
import time
from typing import Any
from urllib.parse import urlsplit

import orjson

_FRESH_SECONDS = 2.0  # the server closes what has been idle for five


class Wires:
    """Connections to one address, opened as they are needed and kept."""

    def __init__(self, base: str, headers: dict[str, str]) -> None:
        self._host, self._port = urlsplit(base).hostname, urlsplit(base).port
        lines = [f"{name}: {value}\r\n" for name, value in {**headers, "host": "bench"}.items()]
        self._head = f"content-type: application/json\r\n{''.join(lines)}".encode()
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter, float]] = []

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Status and body of the answer."""
        reader, writer = self._fresh() or await asyncio.open_connection(self._host, self._port)
        text = orjson.dumps(body)
        writer.write(
            b"POST %s HTTP/1.1\r\n%scontent-length: %d\r\n\r\n" % (path.encode(), self._head, len(text)) + text
        )
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        answer = orjson.loads(await reader.readexactly(length))
        self._idle.append((reader, writer, time.monotonic()))
        return int(head.split(None, 2)[1]), answer

    def _fresh(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        while self._idle:
            reader, writer, used = self._idle.pop()
            if time.monotonic() - used < _FRESH_SECONDS:
                return reader, writer
            writer.close()
        return None

    def close(self) -> None:
        """Close those that are idle."""
        for _, writer, _ in self._idle:
            writer.close()
