"""One trace tells the story of an order, and nothing is paid for where nobody listens."""

import io
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from millrace.common.auth.principal import Principal
from millrace.common.events.envelope import Envelope
from millrace.common.events.market import PriceSeen
from millrace.common.events.trading import AccountOpened, FillBooked
from millrace.common.events.users import UserRegistered
from millrace.common.kernel.clock import SystemClock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.ids import new_id
from millrace.common.telemetry import logs, spans, tracing
from millrace.common.testing.service import StartService
from millrace.common.web.app import create_app
from millrace.common.web.client import InProcess

ORDER = {"symbol": "BTCUSDT", "side": "buy", "order_type": "market", "quantity": "0.01"}
KEPT = f"00-{'a' * 32}-{'b' * 16}-01"
DROPPED = f"00-{'c' * 32}-{'d' * 16}-00"


class Recorder:
    """What a trace backend would have received."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()

    @property
    def spans(self) -> list[ReadableSpan]:
        """Every span that has ended, in the order of their ends."""
        return list(self.exporter.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        """The spans of one name."""
        return [span for span in self.spans if span.name == name]


@pytest.fixture
def recorder(request: pytest.FixtureRequest) -> Iterator[Recorder]:
    """Tracing switched on, keeping only what must be kept."""
    found = Recorder()
    tracing.configure("test", "", ratio=getattr(request, "param", 0.0), exporter=found.exporter)
    yield found
    tracing.shutdown()


def envelope(traceparent: str | None = None, topic: str = "trading.orders.v1") -> tuple[str, Envelope]:
    """A message as it is read from the bus."""
    now = SystemClock().now()
    return topic, Envelope(new_id(), "x.y.v1", "test", now, "key", b"", correlation=new_id(), traceparent=traceparent)


def trace_of(span: ReadableSpan) -> int:
    """The trace that a span is part of."""
    assert span.context is not None
    return span.context.trace_id


def told(recorder: Recorder, trace_id: int, *, linked: bool = False) -> set[tuple[str, str]]:
    """Names and services of the spans of a trace; `linked`: also of batches with one of its messages among others."""
    found = set()
    for span in recorder.spans:
        traces = {trace_of(span)} | ({link.context.trace_id for link in span.links} if linked else set())
        if trace_id in traces and span.attributes:
            found.add((span.name, str(span.attributes[spans.SERVICE])))
    return found


async def test_one_trace_tells_an_order_from_the_request_to_the_fill(
    start_service: StartService, recorder: Recorder
) -> None:
    stand = await start_service("execution", "risk", "portfolio")
    user = Principal(uuid4(), "trader", "trader")
    await stand.hear(UserRegistered(user_id=user.user_id, username="trader", role="trader", origin="test"))
    assert stand.said(AccountOpened)
    now = SystemClock().now()
    seen = PriceSeen(exchange="binance", symbol="BTC/USDT", price=Decimal(20_000), quantity=Decimal(1), at=now)
    stand.bus.broadcast(seen.topic, stand.envelope(seen))
    assert (await stand.ask("execution", "POST", "/orders", user, json=ORDER)).status == 201
    await stand.rest()
    assert len(stand.said(FillBooked)) == 1
    (request,) = recorder.named("POST /orders")
    assert told(recorder, trace_of(request)) >= {
        ("send trading.orders.v1", "execution"),
        ("process trading.orders.v1", "risk"),
        ("send risk.decisions.v1", "risk"),
        ("process risk.decisions.v1", "execution"),
        ("send trading.fills.v1", "execution"),
    }
    assert "portfolio" in {service for _, service in told(recorder, trace_of(request), linked=True)}
    fill = next(m.envelope for m in stand.messages if isinstance(m.event, FillBooked))
    assert fill.traceparent is not None
    assert int(fill.traceparent[3:35], 16) == trace_of(request)


async def test_a_single_message_is_processed_in_its_own_trace_and_a_batch_is_linked_to_all(recorder: Recorder) -> None:
    with tracing.processing("risk", [envelope(KEPT)]):
        pass
    with tracing.processing("risk", [envelope(KEPT), envelope(DROPPED), envelope(None), envelope(KEPT)]):
        pass
    single, batch = recorder.spans
    assert (trace_of(single), single.kind) == (0xAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA, SpanKind.CONSUMER)
    assert single.parent is not None
    assert single.parent.span_id == 0xBBBBBBBBBBBBBBBB
    assert batch.parent is None
    assert [link.context.trace_id for link in batch.links] == [trace_of(single)] * 2
    assert batch.attributes is not None
    assert batch.attributes[spans.COUNT] == 4


def test_nothing_of_an_unkept_batch_is_recorded(recorder: Recorder) -> None:
    with tracing.processing("risk", [envelope(DROPPED), envelope(None)]) as span:
        assert span is None
    assert recorder.spans == []


def test_what_a_message_causes_stays_in_its_trace_and_not_in_its_neighbours(recorder: Recorder) -> None:
    kept, plain = envelope(KEPT), envelope(None)
    with tracing.processing("portfolio", [kept, plain]):
        mine = tracing.sent("portfolio.v1", "a", "portfolio", kept[1], new_id())
        other = tracing.sent("portfolio.v1", "a", "portfolio", plain[1], new_id())
    assert mine is not None
    assert mine[3:35] == "a" * 32
    assert other is None


def test_an_order_that_no_kept_trace_leads_to_begins_one(recorder: Recorder) -> None:
    candle = envelope(None, "market.candles.v1")[1]
    first = tracing.sent("trading.signals.v1", "trading.signal_raised.v1", "bots", candle, candle.id)
    later = tracing.sent("trading.fills.v1", "trading.fill_booked.v1", "execution", None, candle.id)
    assert first is not None
    assert later is not None
    assert first[3:35] == later[3:35]
    assert int(first[-2:], 16) & 1


async def test_requests_for_orders_are_always_kept_and_others_by_chance(recorder: Recorder) -> None:
    client = InProcess(app())
    for method, path in (("GET", "/things"), ("POST", "/orders"), ("POST", "/bots/7/close"), ("GET", "/orders")):
        await client.request(method, path)
    assert [span.name for span in recorder.spans] == ["POST /orders", "POST"]


@pytest.mark.parametrize("recorder", [1.0], indirect=True)
async def test_a_caller_decides_for_those_it_calls(recorder: Recorder) -> None:
    client = InProcess(app())
    await client.request("GET", "/things", headers={"traceparent": DROPPED})
    assert recorder.spans == []
    answer = await client.request("GET", "/things", headers={"traceparent": KEPT})
    assert answer.headers["x-trace-id"] == "a" * 32
    await client.request("GET", "/things", headers={"traceparent": "00-zz"})
    assert len({trace_of(span) for span in recorder.spans}) == 2


@pytest.mark.parametrize("recorder", [1.0], indirect=True)
async def test_a_question_to_another_service_is_part_of_the_trace(recorder: Recorder) -> None:
    inner = InProcess(app("inner"))
    outer = create_app("outer", service="outer")

    @outer.get("/ask")
    async def ask() -> object:
        return (await inner.request("GET", "/things")).json()

    await InProcess(outer).request("GET", "/ask")
    served, asked, root = recorder.spans
    assert [span.name for span in (served, asked, root)] == ["GET /things", "GET", "GET /ask"]
    assert asked.kind is SpanKind.CLIENT
    assert served.parent is not None
    assert asked.context is not None
    assert served.parent.span_id == asked.context.span_id
    assert len({trace_of(span) for span in recorder.spans}) == 1


@pytest.mark.parametrize("recorder", [1.0], indirect=True)
async def test_an_error_names_its_trace_and_its_span_tells_no_secret(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    logs.configure("info", "test")
    answer = await InProcess(app()).request("GET", "/broken")
    refused = await InProcess(app()).request("GET", "/refused")
    logged = json.loads(said.getvalue().splitlines()[0])
    assert answer.headers["x-trace-id"] == logged["trace_id"] == answer.json()["error"]["trace_id"]
    assert refused.json()["error"]["trace_id"] == refused.headers["x-trace-id"]
    broken, fine = recorder.spans
    assert broken.status.status_code is StatusCode.ERROR
    assert fine.status.status_code is StatusCode.UNSET
    assert "hunter2" not in broken.to_json()


def test_a_failed_batch_is_an_error_without_its_text(recorder: Recorder) -> None:
    def fail() -> None:
        with tracing.processing("risk", [envelope(KEPT)]):
            raise ValueError("password=hunter2")

    with pytest.raises(ValueError, match="hunter2"):
        fail()
    (span,) = recorder.spans
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "ValueError")
    assert "hunter2" not in span.to_json()


async def test_without_a_place_to_send_them_there_are_no_traces() -> None:
    tracing.configure("test", "")
    answer = await InProcess(app()).request("POST", "/orders", headers={"traceparent": KEPT})
    assert "x-trace-id" not in answer.headers
    assert "trace_id" not in (await InProcess(app()).request("GET", "/refused")).json()["error"]
    assert tracing.traceparent() is None
    assert tracing.headers() == {}
    assert tracing.sent("trading.orders.v1", "a", "b", envelope(KEPT)[1], new_id()) == KEPT


def app(service: str = "things") -> object:
    """An app with something of each kind."""
    made = create_app(service, service=service)

    @made.get("/things")
    async def things() -> list[str]:
        return []

    @made.post("/orders")
    async def place() -> list[str]:
        return []

    @made.get("/refused")
    async def refused() -> None:
        raise MillraceError(Code.CONFLICT, "no")

    @made.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError("password=hunter2")

    return made
