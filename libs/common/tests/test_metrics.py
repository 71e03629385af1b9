"""The page a scraper reads."""

from prometheus_client.parser import text_string_to_metric_families

from millrace.common.telemetry import metrics


def test_the_page_shows_what_was_counted_with_its_meaning() -> None:
    metrics.BUS_CONSUMED.labels("a service", "a topic", "applied").inc(3)
    families = {family.name: family for family in text_string_to_metric_families(metrics.render().decode())}
    consumed = families["millrace_bus_consumed"]
    assert consumed.documentation == "Messages read, by what became of them."
    labels = {"service": "a service", "topic": "a topic", "outcome": "applied"}
    assert [s.value for s in consumed.samples if s.labels == labels and s.name.endswith("_total")] == [3.0]


def test_times_fall_into_buckets_from_a_millisecond_to_ten_seconds() -> None:
    metrics.HTTP_SECONDS.labels("a service", "GET", "/slow").observe(0.3)
    families = {family.name: family for family in text_string_to_metric_families(metrics.render().decode())}
    samples = families["millrace_http_request_duration_seconds"].samples
    buckets = {s.labels["le"]: s.value for s in samples if s.labels.get("route") == "/slow" and "le" in s.labels}
    assert next(iter(buckets)) == "0.001"
    assert (buckets["0.25"], buckets["0.5"], buckets["10.0"]) == (0.0, 1.0, 1.0)


def test_nothing_of_the_clients_default_registry_is_shown() -> None:
    assert b"python_info" not in metrics.render()
