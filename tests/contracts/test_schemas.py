"""No event changes in a way that an older or a newer process cannot read."""

from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from millrace.common.events.message import REGISTRY
from millrace.common.events.topics import CATALOGUE
from tools.docs.__main__ import stored
from tools.docs.schemas import broken, inlined, schemas

ORDER = "trading.order_updated.v1"
BOOK = "market.book_seen.v1"


@pytest.fixture
def changed() -> dict[str, Any]:
    """The schemas as they are stored, to plant a change in."""
    return deepcopy(dict(stored()))


def test_every_event_is_compatible_with_its_stored_schema() -> None:
    assert broken(stored(), schemas()) == []


def test_every_event_has_a_stored_schema_and_a_topic_of_the_catalogue() -> None:
    assert stored().keys() == REGISTRY.keys()
    assert {kind.topic for kind in REGISTRY.values()} == CATALOGUE.keys()


@pytest.mark.parametrize("name", sorted(stored()))
def test_a_stored_schema_is_valid_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(stored()[name])


def test_optional_fields_and_values_may_be_added_and_words_changed(changed: dict[str, Any]) -> None:
    order = changed[ORDER]
    order["properties"]["venue_note"] = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    order["properties"]["state"]["enum"].append("held")
    order["description"] = "Said better."
    changed["trading.order_amended.v1"] = order
    assert broken(stored(), changed) == []


def test_a_removed_field_is_named(changed: dict[str, Any]) -> None:
    del changed[ORDER]["properties"]["fees"]
    assert broken(stored(), changed) == [f"{ORDER}.fees was removed"]


def test_a_renamed_field_is_named_twice(changed: dict[str, Any]) -> None:
    order = changed[ORDER]
    order["properties"]["charges"] = order["properties"].pop("fees")
    order["required"] = ["charges" if name == "fees" else name for name in order["required"]]
    assert broken(stored(), changed) == [f"{ORDER}.charges is new and required", f"{ORDER}.fees was removed"]


def test_a_new_required_field_is_named(changed: dict[str, Any]) -> None:
    changed[ORDER]["properties"]["venue"] = {"type": "string"}
    changed[ORDER]["required"].append("venue")
    assert broken(stored(), changed) == [f"{ORDER}.venue is new and required"]


def test_a_field_that_becomes_required_is_named(changed: dict[str, Any]) -> None:
    changed[ORDER]["required"].append("reason")
    assert broken(stored(), changed) == [f"{ORDER}.reason became required"]


def test_a_narrower_type_is_named(changed: dict[str, Any]) -> None:
    changed[ORDER]["properties"]["reason"]["anyOf"].pop()
    changed[ORDER]["properties"]["symbol"]["maxLength"] = 8
    found = broken(stored(), changed)
    assert [line.split(" changed from ")[0] for line in found] == [f"{ORDER}.reason", f"{ORDER}.symbol"]


def test_a_lost_value_of_an_enumeration_is_named(changed: dict[str, Any]) -> None:
    changed[ORDER]["properties"]["state"]["enum"].remove("expired")
    assert broken(stored(), changed) == [f"{ORDER}.state lost the value 'expired'"]


def test_a_change_deep_inside_is_named(changed: dict[str, Any]) -> None:
    changed[BOOK]["properties"]["bids"]["items"]["prefixItems"][1] = {"type": "number"}
    (found,) = broken(stored(), changed)
    assert found.startswith(f"{BOOK}.bids[]/1 changed from {{'type': 'string'}}")


def test_another_default_is_named_because_old_messages_would_mean_something_else(changed: dict[str, Any]) -> None:
    changed[ORDER]["properties"]["reduce_only"]["default"] = True
    assert broken(stored(), changed) == [
        f"{ORDER}.reduce_only changed from {{'default': False, 'type': 'boolean'}} to "
        "{'default': True, 'type': 'boolean'}"
    ]


def test_an_event_that_moves_to_another_topic_or_goes_away_is_named(changed: dict[str, Any]) -> None:
    changed[ORDER]["x-topic"] = "trading.fills.v1"
    del changed[BOOK]
    gone, moved = broken(stored(), changed)
    assert gone == f"{BOOK} was removed; the logs still hold its messages"
    assert "'x-topic': 'trading.fills.v1'" in moved


def test_references_are_written_out_where_they_are_used() -> None:
    side = {"enum": ["buy", "sell"], "title": "Side", "type": "string"}
    schema = {"properties": {"title": {"$ref": "#/$defs/Side", "default": "buy"}}, "$defs": {"Side": side}}
    assert inlined(schema, schema["$defs"]) == {
        "properties": {"title": {"enum": ["buy", "sell"], "type": "string", "default": "buy"}}
    }
