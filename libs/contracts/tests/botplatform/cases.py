"""The endpoints of a document, as its `cases.yaml` has them, and what it means to be as they say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from libs.contracts.tests.samples import ID, result
from millrace.common.web.json_body import loads
from millrace.contracts.canonical.frame import Canonical
from millrace.contracts.table import Call, Dialect, Row

PATH = {"symbol": "BTCUSDT", "pattern": "market:*"}
"""What stands in an address; everything else is an id."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_AMOUNT = re.compile(r"-?\d+(\.\d+)?")
_KINDS: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "int": (int,),
    "number": (int, float),
    "bool": (bool,),
    "object": (dict,),
}


@dataclass(frozen=True)
class Case:
    """One endpoint as the document has it."""

    id: str
    ask: str
    access: str
    status: int
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    request: Mapping[str, Any] | None = None
    sample: Mapping[str, Any] = field(default_factory=dict)
    response: Any = None

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.ask.split(" ")[0]

    @property
    def path(self) -> str:
        """The address."""
        return self.ask.split(" ")[1]


def read_cases(beside: str) -> list[Case]:
    """The cases in the folder of a test file."""
    return [Case(**told) for told in yaml.safe_load(Path(beside).with_name("cases.yaml").read_text())]


def row_of(dialect: Dialect, ask: str) -> Row:
    """The one row for `GET /path`."""
    (found,) = [row for row in dialect.rows if f"{row.method} {row.path}" == ask]
    return found


def asked(dialect: Dialect, ask: str, body: Any = None, query: Any = None, **path: str) -> Any:
    """The command that a request becomes; `body` may be JSON text."""
    row = row_of(dialect, ask)
    names = re.findall(r"{(\w+)", row.path)
    told = loads(body.encode()) if isinstance(body, str) else body
    call = Call(
        path={name: PATH.get(name, str(ID)) for name in names} | path,
        query=row.view.query.model_validate(query or {}) if row.view.query else None,
        body=row.view.body.model_validate(told) if row.view.body and told is not None else None,
    )
    return row.view.parse(call)


def full(row: Row, changes: Mapping[str, Any]) -> Any:
    """What the operation answers, in full, with changes that may lie deeper."""
    whole: Canonical = result(row.operation)
    return type(whole).model_validate(_over(whole.model_dump(), changes))


def misfits(told: Any, kind: Any, at: str = "body") -> list[str]:
    """Where an answer is not exactly of the kind that a case says."""
    if isinstance(kind, list):
        if not isinstance(told, list) or not told:
            return [f"{at} is not a list that holds something"]
        return [wrong for n, item in enumerate(told) for wrong in misfits(item, kind[0], f"{at}[{n}]")]
    if isinstance(kind, dict):
        keys = {key.rstrip("?"): inner for key, inner in kind.items()}
        if not isinstance(told, dict) or set(told) != set(keys):
            return [f"{at} has the keys {sorted(told)}, not {sorted(keys)}"]
        return [wrong for key, inner in keys.items() for wrong in misfits(told[key], inner, f"{at}.{key}")]
    if kind.endswith("?"):
        return [] if told is None else misfits(told, kind[:-1], at)
    return [] if _is(told, kind) else [f"{at} is {told!r}, not {kind}"]


def _is(told: Any, kind: str) -> bool:
    if kind in _KINDS:
        return isinstance(told, _KINDS[kind]) and (kind == "bool" or not isinstance(told, bool))
    if not isinstance(told, str):
        return False
    if kind == "uuid":
        return str(UUID(told)) == told
    if kind in ("time", "amount"):
        return (_TIME if kind == "time" else _AMOUNT).fullmatch(told) is not None
    return told in kind.split("|")


def _over(whole: Any, changes: Any) -> Any:
    if isinstance(whole, dict) and isinstance(changes, Mapping):
        return whole | {key: _over(whole[key], change) for key, change in changes.items()}
    if isinstance(whole, tuple) and isinstance(changes, list):
        return tuple(_over(whole[0], change) for change in changes)
    return changes


def unlike(schema: Mapping[str, Any], kind: Any, at: str = "body", whole: Mapping[str, Any] | None = None) -> list[str]:
    """Where the JSON schema of an answer does not say exactly what a case says."""
    top = whole or schema
    if "$ref" in schema:
        return unlike(top["$defs"][schema["$ref"].split("/")[-1]], kind, at, top)
    if isinstance(kind, list):
        wrong = [] if schema.get("type") == "array" else [f"{at} is no list"]
        return wrong or unlike(schema["items"], kind[0], f"{at}[]", top)
    if isinstance(kind, dict):
        return _unlike_object(schema, kind, at, top)
    if kind.endswith("?"):
        kinds = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
        return unlike(kinds[0], kind[:-1], at, top) if len(kinds) == 1 else [f"{at} cannot be null"]
    return [] if _says(schema, kind) else [f"{at} is {schema}, not {kind}"]


def _unlike_object(schema: Mapping[str, Any], kind: Mapping[str, Any], at: str, top: Mapping[str, Any]) -> list[str]:
    needed = {key for key in kind if not key.endswith("?")}
    if set(schema["properties"]) != {key.rstrip("?") for key in kind}:
        return [f"{at} has the keys {sorted(schema['properties'])}"]
    wrong = [] if set(schema.get("required", [])) == needed else [f"{at} needs {schema.get('required')}"]
    for key, inner in kind.items():
        found = schema["properties"][key.rstrip("?")]
        given = found if key in needed else found["anyOf"][0]
        wrong += unlike(given, inner, f"{at}.{key}", top)
    return wrong


def _says(schema: Mapping[str, Any], kind: str) -> bool:
    types = {"text": "string", "int": "integer", "number": "number", "bool": "boolean", "object": "object"}
    if kind in types:
        return schema.get("type") == types[kind] and not schema.keys() & {"enum", "const", "format"}
    if kind in ("uuid", "time"):
        return schema.get("type") == "string" and schema.get("format") in (None, "uuid", "date-time")
    if kind == "amount":
        return schema.get("type") == "string" and "pattern" in schema
    said = schema.get("enum") or [schema.get("const")]
    return set(said) == set(kind.split("|"))
