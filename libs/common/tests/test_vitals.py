"""A process knows how it is, and shows every series from the start."""

import asyncio
import time
from collections.abc import Callable

import asyncpg
from prometheus_client.parser import text_string_to_metric_families

from millrace.common.kernel.ids import new_id
from millrace.common.runtime.vitals import watch_loop, watch_storage
from millrace.common.telemetry import metrics, series
from millrace.common.testing.jobs import SCHEMA, JobStand
from millrace.common.testing.service import StartService
from millrace.common.web.app import create_app
from millrace.common.web.client import InProcess

_UNPUBLISHED = """
insert into outbox (topic, partition, key, seq, id, type, source, time, body)
values ('trading.orders.v1', 0, 'k', 1, $1, 'x', 'test', now(), '')
"""
_CUT = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""


def value(name: str, **labels: str) -> float | None:
    """One sample of the page that a scraper reads; None when there is none."""
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return float(sample.value)
    return None


async def until(true: Callable[[], bool], task: "asyncio.Future[None]", seconds: float = 15.0) -> None:
    """Wait until something holds while `task` measures, then stop it."""
    async with asyncio.timeout(seconds):
        while not true():
            assert not task.done()
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_blocked_event_loop_is_noticed() -> None:
    def late() -> float:
        name = "millrace_event_loop_lag_seconds"
        counted = value(f"{name}_count", service="blocked") or 0.0
        return counted - (value(f"{name}_bucket", service="blocked", le="0.25") or 0.0)

    task = asyncio.ensure_future(watch_loop("blocked"))
    await asyncio.sleep(0)
    time.sleep(0.6)  # noqa: ASYNC251 - the very thing to be noticed
    await until(lambda: late() == 1.0, task)


async def test_messages_that_wait_for_the_relay_are_counted_and_their_wait_grows(labour: JobStand) -> None:
    labels = {"service": SCHEMA}
    await labour.database.fetch(_UNPUBLISHED, new_id())
    await labour.database.fetch(_UNPUBLISHED, new_id())
    task = asyncio.ensure_future(watch_storage(SCHEMA, labour.database, 0.02))
    await until(lambda: (value("millrace_outbox_oldest_age_seconds", **labels) or 0.0) > 0.1, task)
    assert value("millrace_outbox_pending", **labels) == 2.0
    assert (value("millrace_db_pool_connections", state="used", **labels) or 0.0) >= 0.0
    await labour.database.fetch("update outbox set published_at = now()")
    task = asyncio.ensure_future(watch_storage(SCHEMA, labour.database, 0.02))
    await until(lambda: value("millrace_outbox_pending", **labels) == 0.0, task)
    assert value("millrace_outbox_oldest_age_seconds", **labels) == 0.0


async def test_measuring_survives_a_database_that_cuts_its_connections(labour: JobStand) -> None:
    operator = await asyncpg.connect(labour.url)
    task = asyncio.ensure_future(watch_storage("shaken", labour.database, 0.01))
    for _ in range(3):
        await operator.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'millrace-labour'"
        )
        await asyncio.sleep(0.02)
    await operator.close()
    await labour.database.fetch(_UNPUBLISHED, new_id())
    await until(lambda: value("millrace_outbox_pending", service="shaken") == 1.0, task)


async def test_requests_are_counted_by_route_and_invented_methods_make_no_series() -> None:
    app = create_app("counted", service="counted")

    @app.get("/things/{name}")
    async def things(name: str) -> str:
        return name

    client = InProcess(app)
    for path in ("/things/a", "/things/b", "/nothing"):
        await client.request("GET", path)
    await client.request("X" * 50, "/things/a")
    count = "millrace_http_requests_total"
    assert value(count, service="counted", method="GET", route="/things/{name}", code="200") == 2.0
    assert value(count, service="counted", method="GET", route="unmatched", code="404") == 1.0
    assert value(count, service="counted", method="other", route="/things/{name}", code="405") == 1.0
    assert b"XXXX" not in metrics.render()
    assert value("millrace_http_requests_in_flight", service="counted") == 0.0


def test_the_series_of_dashboards_exist_before_anything_happens() -> None:
    for service in ("execution", "marketdata", "notifier", "risk"):
        series.begin(service, ["trading.orders.v1"])
    assert (
        value("millrace_bus_dead_letters_total", service="risk", topic="trading.orders.v1", reason="parked") is not None
    )
    assert value("millrace_bus_consumer_lag_records", service="risk") is not None
    assert value("millrace_outbox_pending", service="execution") is not None
    assert value("millrace_orders_total", exchange="binance", state="filled") is not None
    assert value("millrace_fills_total", exchange="luno") is not None
    assert value("millrace_stream_clients", transport="sse") is not None
    assert (
        value("millrace_http_requests_total", service="risk", method="GET", route="unmatched", code="500") is not None
    )


async def test_a_started_service_says_what_runs_and_what_the_process_uses(start_service: StartService) -> None:
    await start_service("risk")
    built = next(
        f for f in text_string_to_metric_families(metrics.render().decode()) if f.name == "millrace_build_info"
    )
    assert {(s.labels["profile"], s.value) for s in built.samples} >= {("distributed", 1.0)}
    assert (value("process_resident_memory_bytes") or 0.0) > 1_000_000
    assert value("python_gc_collections_total", generation="0") is not None
