"""Every metric of the platform, declared once, with its meaning. Labels never name users, orders or bots."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    generate_latest,
)

REGISTRY = CollectorRegistry()
_PROCESS = CollectorRegistry()
ProcessCollector(registry=_PROCESS)
GCCollector(registry=_PROCESS)

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_SLOW = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(name, meaning, labels, registry=REGISTRY)


def _gauge(name: str, meaning: str, *labels: str) -> Gauge:
    return Gauge(name, meaning, labels, registry=REGISTRY)


def _seconds(name: str, meaning: str, *labels: str) -> Histogram:
    return Histogram(name, meaning, labels, buckets=_FAST, registry=REGISTRY)


def _long(name: str, meaning: str, *labels: str) -> Histogram:
    return Histogram(name, meaning, labels, buckets=_SLOW, registry=REGISTRY)


HTTP_REQUESTS = _counter("millrace_http_requests_total", "Requests answered.", "service", "method", "route", "code")
HTTP_SECONDS = _seconds("millrace_http_request_duration_seconds", "Time to answer.", "service", "method", "route")
HTTP_IN_FLIGHT = _gauge("millrace_http_requests_in_flight", "Requests being answered.", "service")
RATE_REJECTIONS = _counter("millrace_rate_limit_rejections_total", "Requests refused as too many.", "rate")
BUS_CONSUMED = _counter(
    "millrace_bus_consumed_total", "Messages read, by what became of them.", "service", "topic", "outcome"
)
BUS_DEAD_LETTERS = _counter(
    "millrace_bus_dead_letters_total", "Messages that could not be applied.", "service", "topic", "reason"
)
BUS_LAG = _gauge("millrace_bus_consumer_lag_records", "Messages not applied yet.", "service")
BUS_RENEWALS = _counter(
    "millrace_bus_reader_renewals_total", "Readers made anew because they stood still or kept failing.", "service"
)
STREAM_CLIENTS = _gauge("millrace_stream_clients", "Open streams.", "transport")
STREAM_DROPPED = _counter(
    "millrace_stream_clients_dropped_total", "Streams closed because the client did not keep up.", "transport"
)
ORDERS = _counter("millrace_orders_total", "Changes of orders' states.", "exchange", "state")
FILLS = _counter("millrace_fills_total", "Fills booked.", "exchange")
REPORTS_PARKED = _counter("millrace_venue_reports_parked_total", "Reports of a venue that could not be booked.")
MARKET_CANDLES = _counter("millrace_marketdata_candles_total", "Candles closed.", "exchange", "symbol")
MARKET_GAPS = _counter("millrace_marketdata_gaps_total", "Candles missing from a feed.", "exchange")
MARKET_TICKS = _counter("millrace_marketdata_ticks_total", "Trades seen.", "exchange", "symbol")
MARKET_LATE = _counter(
    "millrace_marketdata_late_ticks_total", "Trades that came after their candle had closed.", "exchange"
)
MARKET_LAST_TICK = _gauge(
    "millrace_marketdata_last_tick_timestamp_seconds", "When the newest trade happened.", "exchange", "symbol"
)
MARKET_CONNECTED = _gauge("millrace_marketdata_feed_connected", "Whether the source answers: 1 or 0.", "exchange")
MARKET_RECONNECTS = _counter(
    "millrace_marketdata_reconnects_total", "How often the source came back after a disturbance.", "exchange"
)
MARKET_RESYNCS = _counter(
    "millrace_marketdata_book_resyncs_total", "Order books that lost a change.", "exchange", "symbol"
)
RISK_CHECKS = _counter("millrace_risk_checks_total", "Orders decided, by rule and outcome.", "rule", "outcome")
JOBS = _gauge("millrace_jobs", "Durable jobs by state.", "queue", "state")
JOB_SECONDS = _long("millrace_job_duration_seconds", "Length of a job's tries.", "name", "outcome")
JOB_OLDEST = _gauge("millrace_job_oldest_pending_age_seconds", "Wait of the oldest job that is due.", "queue")
OUTBOX_PENDING = _gauge("millrace_outbox_pending", "Messages written and not yet on the bus.", "service")
OUTBOX_AGE = _gauge("millrace_outbox_oldest_age_seconds", "How long the oldest of them has waited.", "service")
DB_CONNECTIONS = _gauge("millrace_db_pool_connections", "Connections by state: idle or used.", "service", "state")
LOOP_LAG = _seconds("millrace_event_loop_lag_seconds", "How late the event loop runs its timers.", "service")
BUILD = _gauge("millrace_build_info", "1, with what is running.", "version", "profile")


def render() -> bytes:
    """The page a scraper reads: our own metrics, then `process_*` and `python_gc_*`."""
    return generate_latest(REGISTRY) + generate_latest(_PROCESS)
