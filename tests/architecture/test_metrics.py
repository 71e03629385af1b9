"""Metrics are declared in one place, named by the rule, and all of them are told."""

import ast
import re

import pytest

from millrace.common.telemetry import metrics
from tests.architecture.sources import ROOT, code, parsed, shown
from tools.docs.metrics import declared

DECLARED = ROOT / "libs" / "common" / "src" / "millrace" / "common" / "telemetry" / "metrics.py"
NOT_BASE_UNITS = re.compile(r"_(ms|millis|milliseconds|micros|minutes|hours|kb|mb|kilobytes|percent)(_|$)")
PEOPLE = {"user", "user_id", "username", "account", "account_id", "bot", "bot_id", "order_id", "email", "session"}

each_metric = pytest.mark.parametrize(("name", "kind", "labels", "meaning"), declared(), ids=lambda value: str(value))


def test_metrics_are_declared_in_one_module() -> None:
    elsewhere = [
        shown(path)
        for path in code()
        if path != DECLARED and "testing" not in path.parts
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in {getattr(node, "module", None), *(alias.name for alias in node.names)}
        if name == "prometheus_client"
    ]
    assert elsewhere == []


@each_metric
def test_a_metric_is_named_by_the_rule(name: str, kind: str, labels: tuple[str, ...], meaning: str) -> None:
    assert re.fullmatch(r"millrace(_[a-z0-9]+)+", name)
    assert not NOT_BASE_UNITS.search(name)
    assert name.endswith("_total") == (kind == "counter")
    assert kind != "histogram" or name.endswith(("_seconds", "_bytes"))


@each_metric
def test_a_metric_says_what_it_means_and_names_no_one(
    name: str, kind: str, labels: tuple[str, ...], meaning: str
) -> None:
    assert meaning.endswith(".")
    assert not PEOPLE & set(labels)


def test_every_declared_metric_is_told_somewhere() -> None:
    text = "\n".join(path.read_text() for path in code() if path != DECLARED)
    names = [name for name in vars(metrics) if name.isupper() and name[0] != "_" and name != "REGISTRY"]
    assert [name for name in names if not re.search(rf"\bmetrics\.{name}\b", text)] == []
