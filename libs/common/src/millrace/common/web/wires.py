"""Connections to one other service, kept open: each carries one question at a time.

aiohttp's client takes longer for a question than most services take to answer it; between services there are no
cookies, proxies, redirects or compression, so the parser alone is enough.
"""

import asyncio
from collections import deque
from ssl import create_default_context
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpResponseParser

from millrace.common.web.client import Answer

_MOST = 100
_FRESH_SECONDS = 4.0  # our servers close what has been idle for five


class _Wire(asyncio.Protocol):
    """One connection. What the parser calls are its `on_` methods."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] | None = None
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._transport: asyncio.Transport
        self.used = 0.0
        self.good = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    async def ask(self, text: bytes) -> Answer:
        """The answer to a request. Raises ConnectionError when the connection breaks before it is whole."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(text)
        try:
            return await self._answer
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Hang up."""
        self.good = False
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self._break()

    def connection_lost(self, error: Exception | None) -> None:
        self._break()

    def _break(self) -> None:
        self.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the connection broke before the answer was whole"))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.good = self.good and self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        answer = Answer(status, self._headers, b"".join(self._body))
        self._headers, self._body = {}, []
        if status < 200:  # more will follow
            return
        if self._answer is None or self._answer.done():
            self.close()  # nobody asked
        else:
            self._answer.set_result(answer)


class Wires:
    """Connections to the server of `url`, opened as they are needed.

    More than a hundred questions at once wait. What reads or takes back is counted apart from what makes, which may
    wait long for others: orders that risk does not answer must not hold up their cancellation.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._secure = create_default_context() if parts.scheme == "https" else None
        self._place = (parts.hostname or "", parts.port or (443 if self._secure else 80))
        self._idle: deque[_Wire] = deque()
        self._makes, self._others = asyncio.Semaphore(_MOST), asyncio.Semaphore(_MOST)
        self.host = parts.netloc
        self.beginning = parts.path.rstrip("/")

    async def ask(self, text: bytes) -> Answer:
        """The answer to the bytes of a request. Raises OSError when there is no connection, or it breaks."""
        async with self._others if text.startswith((b"GET ", b"DELETE ")) else self._makes:
            wire = self._kept() or await self._opened()
            answer = await wire.ask(text)
            if wire.good:
                wire.used = asyncio.get_running_loop().time()
                self._idle.append(wire)
            else:
                wire.close()
            return answer

    def _kept(self) -> _Wire | None:
        oldest = asyncio.get_running_loop().time() - _FRESH_SECONDS
        while self._idle:
            wire = self._idle.pop()
            if wire.good and wire.used >= oldest:
                return wire
            wire.close()
        return None

    async def _opened(self) -> _Wire:
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(_Wire, *self._place, ssl=self._secure))[1]

    def close(self) -> None:
        """Hang up all."""
        while self._idle:
            self._idle.pop().close()
