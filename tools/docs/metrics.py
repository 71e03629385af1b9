"""docs/metrics.md: every metric with its labels and meaning."""

from prometheus_client.metrics import MetricWrapperBase

from millrace.common.telemetry import metrics


def page() -> str:
    """The whole document."""
    lines = [
        "# Metrics",
        "",
        "Made by `make docs` from `libs/common/src/millrace/common/telemetry/metrics.py`; do not edit. Every process "
        "serves them at `/metrics` on its own port (`MILLRACE_OPS_PORT`). No label names a user, an order or a bot.",
        "",
        "| metric | kind | labels | meaning |",
        "|---|---|---|---|",
    ]
    for name, kind, labels, meaning in sorted(declared()):
        shown = ", ".join(f"`{label}`" for label in labels) or "-"
        lines.append(f"| `{name}` | {kind} | {shown} | {meaning} |")
    return "\n".join(lines) + "\n"


def declared() -> list[tuple[str, str, tuple[str, ...], str]]:
    """Name, kind, labels and meaning of each metric, as a scraper meets them."""
    found = []
    for collector in metrics.REGISTRY._collector_to_names:
        assert isinstance(collector, MetricWrapperBase)
        family = next(iter(collector.describe()))
        name = f"{family.name}_total" if family.type == "counter" else family.name
        found.append((name, family.type, tuple(collector._labelnames), family.documentation))
    return found
