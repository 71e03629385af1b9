"""What is in an address may be a secret: logs and traces tell of the route, never of the address as it came."""

from collections.abc import Iterator

import pytest
import structlog
from fastapi import FastAPI, Request
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.responses import Response

from millrace.common.db.work import Fenced
from millrace.common.telemetry import tracing
from millrace.common.web.app import BODY_LIMIT, create_app
from millrace.common.web.client import InProcess
from millrace.common.web.errors import route_of
from millrace.common.web.routes import Route

CANARY = "whsec-canary-91f2"
PATTERN = "/webhook/{secret}"
KEPT = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}


def shop() -> FastAPI:
    """Breaks in the two ways that are logged."""
    app = create_app("shop", service="shop")

    @app.post(PATTERN)
    async def crash(secret: str, request: Request) -> None:
        await request.body()
        raise ZeroDivisionError

    @app.get(PATTERN + "/away")
    async def away(secret: str) -> None:
        raise ConnectionRefusedError("the database is away")

    @app.get(PATTERN + "/fenced")
    async def fenced(secret: str) -> None:
        raise Fenced("another process leads")

    return app


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    """Tracing switched on, and what was traced."""
    found = InMemorySpanExporter()
    tracing.configure("test", "", ratio=1.0, exporter=found)
    yield found
    tracing.shutdown()


@pytest.mark.parametrize(
    ("method", "path", "status", "told"),
    [
        ("POST", "", 500, PATTERN),
        ("GET", "/away", 503, PATTERN + "/away"),
        ("GET", "/fenced", 503, PATTERN + "/fenced"),
    ],
)
async def test_a_failure_is_logged_by_its_route(method: str, path: str, status: int, told: str) -> None:
    with structlog.testing.capture_logs() as said:
        answer = await InProcess(shop()).request(method, f"/webhook/{CANARY}{path}", json={})
    assert answer.status == status
    assert [line["path"] for line in said] == [told]
    assert CANARY not in str(said)


async def test_a_failure_before_any_route_was_found_tells_nothing_of_the_address() -> None:
    app = shop()

    class Broken:
        """A layer that fails before the routes are looked at."""

        def __init__(self, inner: object) -> None:
            self.inner = inner

        async def __call__(self, scope: object, receive: object, send: object) -> None:
            raise RuntimeError("broken")

    app.user_middleware.append(type(app.user_middleware[0])(Broken))
    with structlog.testing.capture_logs() as said:
        answer = await InProcess(app).request("POST", f"/webhook/{CANARY}", json={})
    assert (answer.status, [line["path"] for line in said]) == (500, ["unmatched"])
    assert CANARY not in str(said)


@pytest.mark.parametrize("path", ["", "/nothing/of/the/kind", "/away"])
async def test_a_trace_tells_of_the_route_alone(exporter: InMemorySpanExporter, path: str) -> None:
    with structlog.testing.capture_logs():
        await InProcess(shop()).request("POST", f"/webhook/{CANARY}{path}", json={}, headers=KEPT)
    spans = [span for span in exporter.get_finished_spans() if span.kind.name == "SERVER"]
    assert len(spans) == 1
    assert CANARY not in spans[0].to_json()


async def test_a_body_that_is_too_large_leaves_no_trace_of_the_address(exporter: InMemorySpanExporter) -> None:
    with structlog.testing.capture_logs() as said:
        path, large = f"/webhook/{CANARY}", "x" * (BODY_LIMIT + 1)
        answer = await InProcess(shop()).request("POST", path, json=large, headers=KEPT)
    assert answer.status == 413
    assert CANARY not in str(said)
    assert all(CANARY not in span.to_json() for span in exporter.get_finished_spans() if span.kind.name == "SERVER")


async def test_a_route_of_ours_says_which_it_is(exporter: InMemorySpanExporter) -> None:
    async def crash(request: Request) -> Response:
        if request.method == "GET":
            return Response(route_of(request.scope))
        raise ZeroDivisionError

    app = create_app("shop", service="shop")
    app.router.routes.append(Route("/plain/{secret}", crash, methods=["POST", "GET"]))
    with structlog.testing.capture_logs() as said:
        await InProcess(app).request("POST", f"/plain/{CANARY}", headers=KEPT)
    assert [line["path"] for line in said] == ["/plain/{secret}"]
    assert next(span.name for span in exporter.get_finished_spans()) == "POST /plain/{secret}"
    assert (await InProcess(app).request("GET", f"/plain/{CANARY}")).body == b"/plain/{secret}"
    assert (await InProcess(app).request("PUT", f"/plain/{CANARY}")).status == 405


def test_without_a_route_there_is_a_word() -> None:
    assert route_of({}) == route_of({"route": None}) == route_of({"path": CANARY}) == "unmatched"
