"""Traces: one story per request or order, across services, outbox rows and Kafka.

Off unless `configure` is given somewhere to send them; then each function below is one look at a variable.
Sampling happens at the head: a request or message whose trace is not kept carries that decision along, so nothing is
half recorded. Orders are always kept.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any
from uuid import UUID

from millrace.common.events.envelope import Envelope

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

    from millrace.common.telemetry.spans import Spans

HEADER = "traceparent"
_NOTHING = nullcontext()
_spans: "Spans | None" = None


def configure(process: str, endpoint: str, *, ratio: float = 0.05, exporter: "SpanExporter | None" = None) -> None:
    """Begin to trace, once per process. `endpoint` is an OTLP/HTTP collector's address; empty: stay off.

    `ratio` is the share of requests kept that are no orders. `exporter` takes the spans instead, at once; for tests.
    """
    global _spans
    if _spans is None and (endpoint or exporter):
        from millrace.common.telemetry.spans import Spans

        _spans = Spans(process, endpoint, ratio, exporter)


def shutdown() -> None:
    """Send what is left and stop tracing."""
    global _spans
    if _spans is not None:
        spans, _spans = _spans, None
        spans.shutdown()


def serving(service: str, scope: Mapping[str, Any]) -> AbstractContextManager[Any]:
    """The span of an HTTP request that a service answers; `scope` is ASGI's. Gives the span, or None."""
    return _NOTHING if _spans is None else _spans.serving(service, scope)


def answered(status: int) -> None:
    """Note in the current span how an HTTP request was answered."""
    if _spans is not None:
        _spans.answered(status)


def calling(method: str, path: str) -> AbstractContextManager[Any]:
    """The span of a question to another service; inside it, `headers` tells the other side."""
    return _NOTHING if _spans is None else _spans.calling(method, path)


def processing(service: str, messages: Iterable[tuple[str, Envelope]]) -> AbstractContextManager[Any]:
    """The span of applying messages (topic, envelope): a child of a single message's trace, linked to those of many."""
    return _NOTHING if _spans is None else _spans.processing(service, messages)


def working(name: str, traceparent: str | None) -> AbstractContextManager[Any]:
    """The span of a job's try."""
    return _NOTHING if _spans is None else _spans.working(name, traceparent)


def sent(topic: str, kind: str, source: str, cause: Envelope | None, correlation: UUID) -> str | None:
    """The trace context that a message takes along, given the one that caused it; None when its trace is not kept.

    What follows later without a cause (a venue's report) joins the trace of the last message of its `correlation`.
    """
    if _spans is None:
        return cause.traceparent if cause else None
    return _spans.sent(topic, kind, source, cause, correlation)


def headers() -> Mapping[str, str]:
    """The headers that carry the current trace to another service."""
    current = traceparent()
    return {HEADER: current} if current else {}


def traceparent() -> str | None:
    """The current trace context in W3C's form; None outside of any."""
    return None if _spans is None else _spans.traceparent()


def trace_id() -> str | None:
    """The current trace's id, for logs and error bodies."""
    current = traceparent()
    return current[3:35] if current else None


def add_trace_id(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor."""
    if _spans is not None and (found := trace_id()):
        event["trace_id"] = found
    return event
