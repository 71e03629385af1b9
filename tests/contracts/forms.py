"""The documents' forms: what an answer must look like, in the notation of `cases/*.yaml`.

A mapping is an object with those keys (`key?` may be missing, `<key>` is any key), a list of one is a list of that, a
text is a type: str, int, number, decimal-string, bool, timestamp, date, uuid, object, any, null, enum[..], const[..],
list[TYPE], or several with | between them.
"""

import re
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from millrace.contracts.names import Contract

CASES: dict[Contract, list[dict[str, Any]]] = {
    contract: yaml.safe_load((Path(__file__).parent / "cases" / f"{contract}.yaml").read_text())
    for contract in Contract
}
_DECIMAL = re.compile(r"-?\d+(\.\d+)?")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")


def misfit(form: Any, value: Any, place: str = "$") -> str | None:
    """Where a value is not of a form, and why; None when it is. Keys that the form does not have are a misfit."""
    if isinstance(form, dict):
        return _object(form, value, place)
    if isinstance(form, list):
        if not isinstance(value, list):
            return f"{place}: {value!r} is no list"
        return next((wrong for n, item in enumerate(value) if (wrong := misfit(form[0], item, f"{place}[{n}]"))), None)
    if any(_is(kind, value) for kind in _kinds(str(form))):
        return None
    return f"{place}: {value!r} is not {form}"


def _object(form: dict[str, Any], value: Any, place: str) -> str | None:
    if not isinstance(value, dict):
        return f"{place}: {value!r} is no object"
    free = next((inner for key, inner in form.items() if key.startswith("<")), None)
    known = {key.rstrip("?"): (key.endswith("?"), inner) for key, inner in form.items() if not key.startswith("<")}
    for key, (optional, inner) in known.items():
        if key not in value:
            if not optional:
                return f"{place}: {key} is missing"
        elif wrong := misfit(inner, value[key], f"{place}.{key}"):
            return wrong
    for key in value.keys() - known.keys():
        if free is None:
            return f"{place}: {key} is too much"
        if wrong := misfit(free, value[key], f"{place}.{key}"):
            return wrong
    return None


def _kinds(form: str) -> list[str]:
    return re.split(r"\|(?![^\[]*\])", form)


def _is(kind: str, value: Any) -> bool:
    if kind.startswith("list["):
        return isinstance(value, list) and all(misfit(kind[5:-1], item) is None for item in value)
    if kind.startswith("enum["):
        return value in kind[5:-1].split(",")
    if kind.startswith("const["):
        return str(value).lower() == kind[6:-1].lower()
    match kind.strip():
        case "str":
            return isinstance(value, str)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "decimal-string":
            return isinstance(value, str) and _DECIMAL.fullmatch(value) is not None
        case "bool":
            return isinstance(value, bool)
        case "null" | "None":
            return value is None
        case "any":
            return True
        case "object":
            return isinstance(value, dict)
        case "timestamp":
            return isinstance(value, str) and _TIMESTAMP.fullmatch(value) is not None
        case "date":
            return isinstance(value, str) and _reads(date.fromisoformat, value)
        case "uuid":
            return isinstance(value, str) and _reads(UUID, value)
    raise ValueError(f"the form {kind!r} is not known")


def _reads(read: Any, text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True
