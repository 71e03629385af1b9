"""docs/asyncapi.yaml: the same catalogue as an AsyncAPI 3.0 document for Kafka."""

from collections.abc import Mapping
from typing import Any

import yaml

from millrace.common.events.message import REGISTRY
from millrace.common.events.topics import CATALOGUE, Topic
from millrace.common.runtime.service import Service
from tools.docs.schemas import schema_of
from tools.docs.topics import messages_of, summary

_FORMAT = "application/schema+json;version=draft-07"
_TEXT = {"type": "string"}
_UUID = {"type": "string", "format": "uuid"}
_HEADERS = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "seq"],
    "properties": {
        "content-type": {"const": "application/json"},
        "ce_specversion": {"const": "1.0"},
        "ce_id": {**_UUID, "description": "The message's id; a reader applies each id once."},
        "ce_type": _TEXT,
        "ce_source": {**_TEXT, "description": "The service that says it."},
        "ce_time": {"type": "string", "format": "date-time"},
        "seq": {**_TEXT, "description": "Counts the messages of one key on one topic from 1 without a gap."},
        "tenant": {**_UUID, "description": "The user it belongs to; absent for the system's own facts."},
        "correlation": {**_UUID, "description": "The first message of the chain."},
        "causation": {**_UUID, "description": "The direct cause."},
        "traceparent": {**_TEXT, "description": "W3C trace context."},
        "stage": {**_TEXT, "description": "In a lockstep replay: the only reader stage that takes this copy."},
    },
}


class _Written(yaml.SafeDumper):
    """Writes what occurs twice twice, since not every tool reads YAML's anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def page(services: Mapping[str, Service]) -> str:
    """The whole document."""
    text = yaml.dump(document(services), Dumper=_Written, sort_keys=False, allow_unicode=True, width=120)
    return "# Made by `make docs`; do not edit.\n" + text


def document(services: Mapping[str, Service]) -> dict[str, Any]:
    """The document as data."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Millrace",
            "version": "1.0.0",
            "description": "What the services of Millrace say to each other: CloudEvents 1.0 in binary mode on Kafka.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": {"host": "localhost:9092", "protocol": "kafka"}},
        "channels": {name: _channel(topic) for name, topic in CATALOGUE.items()},
        "operations": dict(_operations(services)),
        "components": {
            "schemas": {"Envelope": _HEADERS},
            "messages": {name: _message(name) for name in sorted(REGISTRY)},
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": topic.about,
        "messages": {m.type: {"$ref": f"#/components/messages/{m.type}"} for m in messages_of(topic.name)},
        "bindings": {
            "kafka": {
                "partitions": topic.partitions,
                "topicConfiguration": {"retention.ms": topic.retention_seconds * 1000},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operations(services: Mapping[str, Service]) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for name, topic in CATALOGUE.items():
        said = [m.type for m in messages_of(name)]
        found += [(f"{producer}.says.{name}", _operation("send", name, said)) for producer in topic.producers]
        for reader in topic.readers:
            applied = [m.type for m in messages_of(name) if m in services[reader].routes]
            heard = applied if topic.durable else said
            if heard:
                found.append((f"{reader}.hears.{name}", _operation("receive", name, heard)))
    return found


def _operation(action: str, channel: str, messages: list[str]) -> dict[str, Any]:
    place = f"#/channels/{channel}"
    return {
        "action": action,
        "channel": {"$ref": place},
        "messages": [{"$ref": f"{place}/messages/{name}"} for name in messages],
    }


def _message(name: str) -> dict[str, Any]:
    kind = REGISTRY[name]
    schema = _draft_7({k: v for k, v in schema_of(kind).items() if k not in ("$schema", "x-topic", "title")})
    return {
        "name": name,
        "title": kind.__name__,
        "summary": summary(kind),
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/Envelope"},
        "payload": {"schemaFormat": _FORMAT, "schema": schema},
        "bindings": {"kafka": {"key": {"type": "string", "description": CATALOGUE[kind.topic].key}}},
    }


def _draft_7(schema: Any) -> Any:
    """The schema with fixed-length arrays as AsyncAPI's tools know them."""
    if isinstance(schema, dict):
        return {"items" if k == "prefixItems" else k: _draft_7(v) for k, v in schema.items()}
    return schema
