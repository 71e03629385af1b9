"""deploy/nginx/millrace.conf before a running platform: requests, events and sockets pass as if it were not there."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest

from tests.cli.program import Started, free_port
from tests.e2e.client import Client, until

CONF = Path(__file__).parent.parent.parent / "deploy" / "nginx" / "millrace.conf"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "nginx"
pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A platform, and nginx before it with the file as it is; only names and ports are this machine's."""
    folder = tmp_path_factory.mktemp("nginx")
    port, outside = free_port(), free_port()
    text = CONF.read_text().replace("backend:8000", f"127.0.0.1:{port}")
    (folder / "millrace.conf").write_text(text.replace("listen 80;", f"listen 127.0.0.1:{outside};"))
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/errors;\nevents {{}}\n"
        f"http {{ access_log off;\n{places}include {folder}/millrace.conf; }}\n"
    )
    with Started("up", "--port", str(port), "--data-dir", folder / "data", "-o", "json") as platform:
        assert platform.line()
        nginx = subprocess.Popen([NGINX, "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.PIPE)
        try:
            yield f"http://127.0.0.1:{outside}"
        finally:
            nginx.terminate()
            nginx.communicate(timeout=20)


@pytest.fixture
async def client(front: str) -> AsyncIterator[Client]:
    """A registered user who comes through nginx."""
    async with Client(front) as client:
        await until(lambda: _answers(client), 30)
        await client.register()
        yield client


async def _answers(client: Client) -> bool:
    try:
        return (await client.call("GET", "/health"))[0] == 200
    except aiohttp.ClientError:
        return False


async def test_requests_pass_and_symbols_arrive_as_they_were_written(client: Client) -> None:
    order = await client.order(quantity="0.001")
    assert (await client.order_with(order["id"], "filled"))["id"] == order["id"]
    for symbol in ("BTCUSDT", "BTC%2FUSDT"):
        status, found = await client.call("GET", f"/api/v1/market/ticker/{symbol}")
        assert status == 200, found


async def test_events_come_at_once(client: Client) -> None:
    headers = {"authorization": f"Bearer {client.token}"}
    timeout = aiohttp.ClientTimeout(None)
    async with client._session.get("/api/realtime/events/log", headers=headers, timeout=timeout) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        order = await client.order(quantity="0.001")
        async with asyncio.timeout(10):
            while order["id"].encode() not in await stream.content.readline():
                pass


async def test_sockets_are_upgraded(client: Client) -> None:
    async with client._session.ws_connect("/ws") as socket, asyncio.timeout(10):
        await socket.send_json({"type": "auth", "token": client.token})
        await socket.send_json({"type": "ping"})
        while (await socket.receive_json())["type"] != "pong":
            pass


async def test_a_body_over_the_limit_is_refused(client: Client) -> None:
    headers = {"authorization": f"Bearer {client.token}", "content-type": "application/json"}
    body = BytesIO(b'{"symbol": "' + b"x" * (1 << 20) + b'"}')
    async with client._session.post("/api/v1/orders", data=body, headers=headers) as answer:
        assert answer.status == 413
