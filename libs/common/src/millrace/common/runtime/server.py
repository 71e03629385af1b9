"""Serves an ASGI app on a socket inside a running loop."""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import uvicorn

from millrace.common.runtime.failures import REFUSED, Failure
from millrace.common.runtime.http import BoundedHttp
from millrace.common.runtime.settings import Settings
from millrace.common.runtime.websocket import FramedWebSocket

_UNREAD_MILLISECONDS = 10_000


class _Server(uvicorn.Server):
    """Signals belong to the process, not to one of its servers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class PortTaken(Failure):
    """Somebody else listens there."""

    def __init__(self, host: str, port: int) -> None:
        fix = "stop the program that uses it, or choose another with --port or MILLRACE_PORT"
        super().__init__(f"port {port} on {host} is taken", fix, REFUSED)


def bind(host: str, port: int) -> socket.socket:
    """Reserve an address without answering on it yet. Raises PortTaken, OSError for an address that is not ours."""
    # IPPROTO_TCP lets asyncio set TCP_NODELAY; without it small answers wait 40 ms
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux: the kernel drops a client that takes nothing for so long
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MILLISECONDS)
    try:
        listener.bind((host, port))
    except OSError as problem:
        listener.close()
        if problem.errno == errno.EADDRINUSE:
            raise PortTaken(host, port) from None
        raise Failure(
            f"cannot listen on {host}:{port}: {problem.strerror}", "correct MILLRACE_HOST and the port"
        ) from None
    listener.setblocking(False)
    return listener


def tls_of(settings: Settings) -> dict[str, str]:
    """The certificate to serve with, if there is one. Raises Failure when it cannot be read or is only half given."""
    given = {"ssl_certfile": settings.tls_certificate, "ssl_keyfile": settings.tls_key}
    if not any(given.values()):
        return {}
    fix = "give MILLRACE_TLS_CERTIFICATE and MILLRACE_TLS_KEY, PEM files that belong together"
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*map(str, given.values()))
    except (OSError, ValueError) as problem:
        raise Failure(f"cannot serve HTTPS: {problem}", fix, REFUSED) from None
    return {name: str(path) for name, path in given.items()}


class HttpServer:
    """One app on a bound socket; with a certificate it speaks HTTPS. `proxies` may say whom they forward for."""

    def __init__(
        self, app: Any, listener: socket.socket, *, proxies: str = "127.0.0.1", tls: Mapping[str, str] | None = None
    ) -> None:
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._server = _Server(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                http=BoundedHttp,
                ws=FramedWebSocket,
                ws_max_size=65536,
                ws_per_message_deflate=False,
                ws_ping_interval=20.0,
                timeout_graceful_shutdown=5,
                server_header=False,
                forwarded_allow_ips=proxies,
                **(tls or {}),  # type: ignore[arg-type]
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Answer from now on."""
        self._task = asyncio.create_task(self._server.serve([self._listener]), name=f"http:{self.port}")
        while not self._server.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stop accepting, give open requests five seconds, close."""
        if self._task is not None:
            self._server.should_exit = True
            await self._task
            self._task = None
