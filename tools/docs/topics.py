"""docs/topics.md: the catalogue and who says and hears what, as tables and a map."""

from collections.abc import Mapping

from millrace.common.events.message import REGISTRY, Event
from millrace.common.events.topics import CATALOGUE, DAY, Topic
from millrace.common.runtime.service import Service


def messages_of(topic: str) -> list[type[Event]]:
    """The events that travel on a topic, by type."""
    return [REGISTRY[name] for name in sorted(REGISTRY) if REGISTRY[name].topic == topic]


def summary(documented: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((documented.__doc__ or "").strip().split("\n\n")[0].split())


def page(services: Mapping[str, Service]) -> str:
    """The whole document."""
    parts = [
        "# Topics",
        "Made by `make docs` from `libs/common/src/millrace/common/events` and the services' routes; do not edit.",
        "A durable topic is written with the state it speaks of and read once per service, in order per key. A lossy "
        "one tells the latest value to whoever listens now, and nothing of money depends on it. The number after a "
        "reader is its stage: a replay in lockstep gives a message to the readers stage by stage "
        "([decision 1](decisions/0001-replays-are-deterministic.md)). What a reader cannot apply is parked in its "
        "dead-letter table and on `<topic>.dlq.<service>`.",
        _map(),
        _table(),
        *(_topic(topic, services) for topic in CATALOGUE.values()),
    ]
    return "\n\n".join(parts) + "\n"


def _map() -> str:
    lines = ["```mermaid", "flowchart LR"]
    for topic in CATALOGUE.values():
        node, arrow = topic.name.replace(".", "_"), "-->" if topic.durable else "-.->"
        lines.append(f"  {node}([{topic.name}])")
        lines.append(f"  {' & '.join(topic.producers)} {arrow} {node}")
        lines += [f"  {node} {arrow} {' & '.join(topic.readers)}"] if topic.readers else []
    return "\n".join([*lines, "```"])


def _table() -> str:
    lines = [
        "| topic | key | said by | heard by | kind | partitions | kept | what it tells |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for t in CATALOGUE.values():
        readers = ", ".join(f"{name} {stage}" if stage else name for name, stage in t.readers.items())
        kind = "durable" if t.durable else "lossy"
        cells = (f"`{t.name}`", f"`{t.key}`", ", ".join(t.producers), readers, kind, t.partitions, kept(t), t.about)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def kept(topic: Topic) -> str:
    """How long Kafka keeps a topic's messages, in words."""
    days, hours = divmod(topic.retention_seconds, DAY)
    return f"{days} d" if days else f"{hours // 3600} h"


def _topic(topic: Topic, services: Mapping[str, Service]) -> str:
    lines = [f"## `{topic.name}`", "", "| message | what it says | applied by |", "|---|---|---|"]
    for kind in messages_of(topic.name):
        applied = ", ".join(name for name in topic.readers if kind in services[name].routes)
        by = applied or ("whoever listens" if not topic.durable else "nobody yet")
        lines.append(f"| [`{kind.type}`](../tests/contracts/schemas/{kind.type}.json) | {summary(kind)} | {by} |")
    return "\n".join(lines)
