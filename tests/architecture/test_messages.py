"""Who says and hears what is what the catalogue declares."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from millrace.common.events.message import REGISTRY, Event
from millrace.common.events.topics import CATALOGUE, heard_by
from millrace.common.runtime.service import Service
from tests.architecture.sources import SERVICES, calls, code, parsed, shown
from tools.docs.services import built

NAME = re.compile(r"[a-z]+(\.[a-z_]+)*\.v\d+")
EVENTS = {kind.__name__: kind for kind in REGISTRY.values()}


@pytest.fixture(scope="module")
def services() -> Mapping[str, Service]:
    """Every service, built and not started."""
    return built()


def said(path: Path) -> Iterator[type[Event]]:
    """The events that a module makes."""
    for name, _ in calls(parsed(path)):
        kind = EVENTS.get(name.split(".")[0])
        if kind is not None and name.removeprefix(kind.__name__) in ("", ".of"):
            yield kind


def test_a_service_says_only_what_the_catalogue_lets_it_say() -> None:
    wrong = [
        f"{shown(path)} says {kind.type}, which {CATALOGUE[kind.topic].producer} says"
        for folder in SERVICES
        for path in code()
        if path.is_relative_to(folder)
        for kind in said(path)
        if folder.name not in CATALOGUE[kind.topic].producers
    ]
    assert wrong == []


def test_a_service_routes_only_what_it_hears(services: Mapping[str, Service]) -> None:
    for name, service in services.items():
        heard = heard_by(name, durable=True)
        assert {kind.type for kind in service.routes if kind.topic not in heard} == set(), name


def test_nobody_reads_a_topic_for_nothing(services: Mapping[str, Service]) -> None:
    idle = [
        f"{name} reads {topic} and applies nothing of it"
        for name, service in services.items()
        for topic in heard_by(name, durable=True)
        if topic not in {kind.topic for kind in service.routes}
    ]
    assert idle == []


def test_every_name_of_a_topic_or_message_in_the_code_is_declared() -> None:
    written = [
        f"{shown(path)}:{node.lineno} {node.value}"
        for path in code()
        if "testing" not in path.parts
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value)
        if node.value not in CATALOGUE and node.value not in REGISTRY
    ]
    assert written == []


def test_listeners_listen_to_lossy_topics_they_declare() -> None:
    found = []
    for folder in SERVICES:
        for path in (p for p in code() if p.is_relative_to(folder)):
            for name, call in calls(parsed(path)):
                if name.endswith("bus.listen") and isinstance(call.args[0], ast.Constant):
                    topic = str(call.args[0].value)
                    found.append(topic)
                    assert topic in heard_by(folder.name, durable=False), f"{folder.name} listens to {topic}"
    assert found


def test_topics_and_messages_are_named_by_the_rule() -> None:
    for topic in CATALOGUE.values():
        assert re.fullmatch(r"[a-z]+(\.[a-z]+)?\.v\d+", topic.name)
        assert topic.about.endswith(".")
        assert topic.key
    for name, kind in EVENTS.items():
        snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        area, said, version = kind.type.split(".")
        assert snake in (said, f"{area}_{said}"), kind.type
        assert re.fullmatch(r"v\d+", version), kind.type
        assert kind.__doc__
