"""Series that a dashboard or an alert asks for exist from the start, as 0: without them it would say "no data"."""

from collections.abc import Iterable

from millrace.common.events.trading import OrderState
from millrace.common.kernel.instruments import EXCHANGES
from millrace.common.telemetry import metrics


def begin(service: str, topics: Iterable[str]) -> None:
    """Declare the series of a service that hears `topics`. Those of symbols begin with their first value."""
    metrics.HTTP_REQUESTS.labels(service, "GET", "unmatched", "500")
    metrics.HTTP_IN_FLIGHT.labels(service)
    metrics.BUS_LAG.labels(service)
    metrics.BUS_RENEWALS.labels(service)
    metrics.OUTBOX_PENDING.labels(service)
    metrics.OUTBOX_AGE.labels(service)
    for topic in topics:
        metrics.BUS_CONSUMED.labels(service, topic, "applied")
        for lost in ("parked", "dropped"):
            metrics.BUS_CONSUMED.labels(service, topic, lost)
            metrics.BUS_DEAD_LETTERS.labels(service, topic, lost)
    match service:
        case "execution":
            for exchange in EXCHANGES:
                metrics.FILLS.labels(exchange)
                for state in OrderState:
                    metrics.ORDERS.labels(exchange, state.value)
        case "marketdata":
            for exchange in EXCHANGES:
                metrics.MARKET_GAPS.labels(exchange)
        case "notifier":
            for transport in ("sse", "websocket"):
                metrics.STREAM_CLIENTS.labels(transport)
                metrics.STREAM_DROPPED.labels(transport)
        case "risk":
            metrics.RISK_CHECKS.labels("none", "approved")
