"""Spans by OpenTelemetry, for `tracing`. Every name that a trace backend sees is here.

Attribute names follow OpenTelemetry's semantic conventions for HTTP (stable) and messaging (still in development).
"""

import random
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version
from typing import Any
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from millrace.common.events.envelope import Envelope

SERVICE = "millrace.service"
JOB = "millrace.job"
ROUTE = "http.route"
METHOD = "http.request.method"
PATH = "url.path"
STATUS = "http.response.status_code"
SYSTEM = "messaging.system"
DESTINATION = "messaging.destination.name"
OPERATION = "messaging.operation.type"
GROUP = "messaging.consumer.group.name"
COUNT = "messaging.batch.message_count"
MESSAGE_ID = "messaging.message.id"
EVENT_TYPE = "cloudevents.event_type"

_ORDER_TOPICS = frozenset({"trading.signals.v1", "trading.orders.v1"})
_ORDER_PATHS = ("order", "webhook", "/close", "/trade")
_STORIES = 10_000  # correlations that are remembered
_PROPAGATOR = TraceContextTextMapPropagator()


class Spans:
    """Makes spans and sends them in the background."""

    def __init__(self, process: str, endpoint: str, ratio: float, exporter: SpanExporter | None) -> None:
        resource = Resource.create({"service.name": process, "service.version": version("millrace-common")})
        self._provider = TracerProvider(resource=resource)
        processor = SimpleSpanProcessor(exporter) if exporter else BatchSpanProcessor(_exporter(endpoint))
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("millrace")
        self._ratio = ratio
        self._stories: OrderedDict[UUID, SpanContext] = OrderedDict()

    def shutdown(self) -> None:
        """Send what is left, for at most five seconds."""
        self._provider.force_flush(5000)
        self._provider.shutdown()

    @contextmanager
    def serving(self, service: str, scope: Mapping[str, Any]) -> Iterator[Span | None]:
        """A server span, where the trace is kept; its route and status are known at the end."""
        method, path = scope["method"], scope["path"]
        caller = _context_of(next((v.decode("latin-1") for k, v in scope["headers"] if k == b"traceparent"), None))
        if not self._keeps(caller, method, path):
            flags = caller or SpanContext(random.getrandbits(128) or 1, random.getrandbits(64) or 1, is_remote=False)
            with trace.use_span(NonRecordingSpan(flags)):
                yield None
            return
        parent = _under(caller)
        attributes = {METHOD: method, SERVICE: service}  # not the path: a value in it may be a secret
        with self._current(method, parent, SpanKind.SERVER, attributes) as span:
            yield span
            if route := getattr(scope.get("route"), "path", None):
                span.update_name(f"{method} {route}")
                span.set_attribute(ROUTE, route)

    def _keeps(self, caller: SpanContext | None, method: str, path: str) -> bool:
        if _kept(caller) or (method != "GET" and any(part in path for part in _ORDER_PATHS)):
            return True
        return caller is None and random.random() < self._ratio  # noqa: S311 - statistics

    def answered(self, status: int) -> None:
        """Note the status; only a failure of ours is an error."""
        span = trace.get_current_span()
        span.set_attribute(STATUS, status)
        if status >= 500:
            span.set_status(Status(StatusCode.ERROR))

    def calling(self, method: str, path: str) -> AbstractContextManager[Span | None]:
        """A client span inside a kept trace."""
        current = trace.get_current_span()
        if not _kept(current.get_span_context()):
            return _unchanged()
        return self._current(method, None, SpanKind.CLIENT, {METHOD: method, PATH: path})

    def processing(self, service: str, messages: Iterable[tuple[str, Envelope]]) -> AbstractContextManager[Span | None]:
        """A consumer span for a batch, when the trace of one of its messages is kept."""
        found = [(topic, envelope, _context_of(envelope.traceparent)) for topic, envelope in messages]
        kept = [(topic, envelope, context) for topic, envelope, context in found if context and _kept(context)]
        if not kept:
            return _unchanged()
        topics = {topic for topic, _, _ in found}
        name = f"process {topics.pop()}" if len(topics) == 1 else "process several"
        attributes: dict[str, Any] = {SERVICE: service, GROUP: service, OPERATION: "process", SYSTEM: "millrace"}
        attributes |= {COUNT: len(found), DESTINATION: name.removeprefix("process ")}
        if len(found) == 1:
            _, envelope, context = kept[0]
            parent = _under(context)
            attributes |= {MESSAGE_ID: str(envelope.id), EVENT_TYPE: envelope.type}
            return self._current(name, parent, SpanKind.CONSUMER, attributes)
        links = [Link(context, {MESSAGE_ID: str(envelope.id)}) for _, envelope, context in kept]
        return self._current(name, Context(), SpanKind.CONSUMER, attributes, links)

    def working(self, name: str, traceparent: str | None) -> AbstractContextManager[Span | None]:
        """The span of a job, where the trace that asked for it is kept."""
        context = _context_of(traceparent)
        if not context or not _kept(context):
            return _unchanged()
        return self._current(f"job {name}", _under(context), SpanKind.CONSUMER, {JOB: name})

    def sent(self, topic: str, kind: str, source: str, cause: Envelope | None, correlation: UUID) -> str | None:
        """A producer span, at a point in time, and the context that the message carries."""
        parent = self._parent(cause, correlation)
        if not _kept(parent) and topic not in _ORDER_TOPICS:
            return None
        attributes = {SERVICE: source, OPERATION: "send", SYSTEM: "millrace", DESTINATION: topic, EVENT_TYPE: kind}
        span = self._tracer.start_span(f"send {topic}", _under(parent), SpanKind.PRODUCER, attributes)
        span.end()
        self._stories[correlation] = span.get_span_context()
        self._stories.move_to_end(correlation)
        if len(self._stories) > _STORIES:
            self._stories.popitem(last=False)
        return _text(span.get_span_context())

    def _parent(self, cause: Envelope | None, correlation: UUID) -> SpanContext:
        current = trace.get_current_span().get_span_context()
        if cause is not None:
            found = _context_of(cause.traceparent) or trace.INVALID_SPAN_CONTEXT
            return current if found.trace_id == current.trace_id else found
        return current if current.is_valid else self._stories.get(correlation, current)

    def traceparent(self) -> str | None:
        """The current context."""
        context = trace.get_current_span().get_span_context()
        return _text(context) if context.is_valid else None

    @contextmanager
    def _current(
        self, name: str, parent: Context | None, kind: SpanKind, attributes: dict[str, Any], links: Any = None
    ) -> Iterator[Span]:
        span = self._tracer.start_span(name, parent, kind, attributes, links, record_exception=False)
        try:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                yield span
        except BaseException as problem:
            span.set_status(Status(StatusCode.ERROR, type(problem).__name__))  # its text may hold a secret
            raise
        finally:
            span.end()


@contextmanager
def _unchanged() -> Iterator[None]:
    yield None


def _kept(context: SpanContext | None) -> bool:
    return context is not None and context.is_valid and context.trace_flags.sampled


def _under(context: SpanContext | None) -> Context:
    """Where a span begins: below `context` when its trace is kept, else a trace of its own."""
    if context is None or not _kept(context):
        return Context()
    return trace.set_span_in_context(NonRecordingSpan(context), Context())


def _context_of(traceparent: str | None) -> SpanContext | None:
    if traceparent is None:
        return None
    found = trace.get_current_span(_PROPAGATOR.extract({"traceparent": traceparent}, Context())).get_span_context()
    return found if found.is_valid else None


def _text(context: SpanContext) -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def _exporter(endpoint: str) -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    url = endpoint.rstrip("/")
    return OTLPSpanExporter(url if url.endswith("/v1/traces") else f"{url}/v1/traces", timeout=3)
