"""The JSON Schema of every event, as stored in tests/contracts/schemas, and which changes of one are allowed.

A message written before a change is read after it, and during an upgrade the other way round. So optional fields and
values of enumerations may be added (readers are upgraded before writers), and everything else needs a new type, `.v2`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from millrace.common.events.message import REGISTRY, Event

Schema = Mapping[str, Any]

_ANNOTATIONS = ("title", "description", "examples", "$defs")
_NESTED = ("items", "additionalProperties")
_LISTED = ("prefixItems", "anyOf", "allOf", "oneOf")


def schemas() -> dict[str, Schema]:
    """The schema of each registered event by type, without references; `x-topic` is where it travels."""
    return {name: schema_of(REGISTRY[name]) for name in sorted(REGISTRY)}


def schema_of(kind: type[Event]) -> Schema:
    """The schema of one event's body as it is written."""
    found = kind.model_json_schema(mode="serialization")
    whole = inlined(found, found.get("$defs", {}))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **whole,
        "title": kind.type,
        "x-topic": kind.topic,
    }


def inlined(schema: Any, definitions: Schema) -> Any:
    """The schema with every `$ref` replaced by what it names, and without names made from field names."""
    if isinstance(schema, list):
        return [inlined(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        target = definitions[schema["$ref"].removeprefix("#/$defs/")]
        return inlined({**target, **{k: v for k, v in schema.items() if k != "$ref"}}, definitions)
    found = {k: inlined(v, definitions) for k, v in schema.items() if k not in ("$defs", "title", "properties")}
    if "properties" in schema:  # its keys are names of fields, which may well be called "title"
        found["properties"] = {k: inlined(v, definitions) for k, v in schema["properties"].items()}
    return found


def broken(stored: Mapping[str, Schema], now: Mapping[str, Schema]) -> list[str]:
    """Every change from the stored schemas that an older or newer process could not read, in words."""
    found = [f"{name} was removed; the logs still hold its messages" for name in stored if name not in now]
    for name in stored.keys() & now.keys():
        found += _problems(name, stored[name], now[name])
    return sorted(found)


def _problems(place: str, old: Schema, new: Schema) -> Iterator[str]:
    yield from _fields(place, old, new)
    yield from _values(place, old, new)
    for name in _NESTED:
        if isinstance(old.get(name), dict) and isinstance(new.get(name), dict):
            yield from _problems(f"{place}[]", old[name], new[name])
    for name in _LISTED:
        if len(old.get(name, ())) == len(new.get(name, ())):
            for number, (before, after) in enumerate(zip(old.get(name, ()), new.get(name, ()), strict=True)):
                yield from _problems(f"{place}/{number}" if name == "prefixItems" else place, before, after)
    if _rest(old, new) != _rest(new, old):
        yield f"{place} changed from {_rest(old, new)} to {_rest(new, old)}"


def _fields(place: str, old: Schema, new: Schema) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    needed, needs = set(old.get("required", ())), set(new.get("required", ()))
    yield from (f"{place}.{name} was removed" for name in before if name not in after)
    yield from (f"{place}.{name} is new and required" for name in after if name not in before and name in needs)
    yield from (f"{place}.{name} became required" for name in after if name in before and name in needs - needed)
    for name in before.keys() & after.keys():
        yield from _problems(f"{place}.{name}", before[name], after[name])


def _values(place: str, old: Schema, new: Schema) -> Iterator[str]:
    if "enum" in old and "enum" in new:
        yield from (f"{place} lost the value {value!r}" for value in old["enum"] if value not in new["enum"])


def _rest(one: Schema, other: Schema) -> dict[str, Any]:
    """What is left of `one` to compare once what is compared part by part is taken away."""
    parts = {"properties", "required", *_ANNOTATIONS}
    parts |= {name for name in ("enum", *_NESTED) if type(one.get(name)) is type(other.get(name))}
    parts |= {name for name in _LISTED if len(one.get(name, ())) == len(other.get(name, ()))}
    if isinstance(one.get("additionalProperties"), bool):
        parts.discard("additionalProperties")
    return {name: value for name, value in one.items() if name not in parts}
