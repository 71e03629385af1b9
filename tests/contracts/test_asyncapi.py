"""docs/asyncapi.yaml is an AsyncAPI 3.0 document and says what the catalogue says."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from jsonschema import Draft7Validator

from millrace.common.events.envelope import Envelope
from millrace.common.events.message import REGISTRY
from millrace.common.events.topics import CATALOGUE

_REF = {
    "type": "object",
    "required": ["$ref"],
    "additionalProperties": False,
    "properties": {"$ref": {"type": "string", "pattern": "^#/"}},
}
_BINDINGS = {"type": "object", "additionalProperties": False, "properties": {"kafka": {"type": "object"}}}


def _closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


def _named(value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": value}


# The part of the AsyncAPI 3.0.0 schema that the document uses, closed: anything else in it is an error.
_TEXT = {"type": "string", "minLength": 1}
_PAYLOAD = _closed(
    ["schemaFormat", "schema"], schemaFormat=_TEXT, schema={"$ref": "http://json-schema.org/draft-07/schema#"}
)
_MESSAGE = _closed(
    ["name", "payload"],
    name=_TEXT,
    title=_TEXT,
    summary=_TEXT,
    contentType=_TEXT,
    headers=_REF,
    payload=_PAYLOAD,
    bindings=_BINDINGS,
)
_OPERATION = _closed(
    ["action", "channel"], action={"enum": ["send", "receive"]}, channel=_REF, messages={"type": "array", "items": _REF}
)
_CHANNEL = _closed(["address"], address=_TEXT, description=_TEXT, messages=_named(_REF), bindings=_BINDINGS)
ASYNCAPI = _closed(
    ["asyncapi", "info"],
    asyncapi={"const": "3.0.0"},
    info=_closed(
        ["title", "version"], title=_TEXT, version=_TEXT, description=_TEXT, license=_closed(["name"], name=_TEXT)
    ),
    defaultContentType=_TEXT,
    servers=_named(_closed(["host", "protocol"], host=_TEXT, protocol=_TEXT)),
    channels=_named(_CHANNEL),
    operations=_named(_OPERATION),
    components=_closed(
        [], schemas=_named({"$ref": "http://json-schema.org/draft-07/schema#"}), messages=_named(_MESSAGE)
    ),
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The checked-in document."""
    text = (Path(__file__).parent.parent.parent / "docs" / "asyncapi.yaml").read_text()
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def references(value: Any) -> Iterator[str]:
    """Every `$ref` in the document."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def resolved(document: dict[str, Any], reference: str) -> Any:
    """What a reference names. Raises KeyError when it names nothing."""
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def test_the_document_has_the_form_of_asyncapi_3(document: dict[str, Any]) -> None:
    assert [error.message for error in Draft7Validator(ASYNCAPI).iter_errors(document)] == []


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = list(references(document))
    assert found
    for reference in found:
        assert resolved(document, reference) is not None, reference


def test_every_topic_and_event_is_there(document: dict[str, Any]) -> None:
    assert document["channels"].keys() == CATALOGUE.keys()
    assert document["components"]["messages"].keys() == REGISTRY.keys()


def test_the_documented_headers_are_those_that_are_sent(document: dict[str, Any]) -> None:
    one = UUID(int=1)
    full = Envelope(one, "a.b.v1", "risk", datetime.now(UTC), "k", b"", one, 1, one, one, "00-1-2-01", 1)
    bare = Envelope(one, "a.b.v1", "risk", datetime.now(UTC), "k", b"")
    described = document["components"]["schemas"]["Envelope"]
    assert {name for name, _ in full.headers()} == described["properties"].keys()
    assert {name for name, _ in bare.headers()} >= set(described["required"])


def test_an_operation_speaks_of_messages_of_its_own_channel(document: dict[str, Any]) -> None:
    for name, operation in document["operations"].items():
        channel = operation["channel"]["$ref"]
        assert all(m["$ref"].startswith(f"{channel}/messages/") for m in operation["messages"]), name
        service, _, topic = name.split(".", 2)
        declared = CATALOGUE[topic]
        assert service in declared.producers if operation["action"] == "send" else service in declared.readers


def test_a_document_of_another_form_is_refused(document: dict[str, Any]) -> None:
    wrong = {**document, "operations": {"x": {"action": "publish", "channel": {"$ref": "#/channels/users.v1"}}}}
    assert not Draft7Validator(ASYNCAPI).is_valid(wrong)
