"""The OpenAPI documents: one of everything, and one of each contract alone, all made from the table."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from millrace.common.kernel.errors import Code
from millrace.contracts import select
from millrace.contracts.canonical.problem import FieldError, Problem
from millrace.contracts.dialects import DIALECTS, endpoints
from millrace.contracts.names import Access, Contract
from millrace.contracts.operations import OPERATIONS
from millrace.contracts.table import Row

Json = dict[str, Any]
_REF = "#/components/schemas/{model}"
_LEVELS = {
    Access.PUBLIC: "For everybody.",
    Access.SIGNATURE: "For whoever signs the request with the shared secret.",
    Access.USER: "For users who have signed in.",
    Access.TRADER: "For users who may trade.",
    Access.EXPORTER: "For users who may export.",
    Access.ADMIN: "For administrators.",
}
_EXAMPLE = Problem(
    code=Code.VALIDATION_ERROR,
    message="limit: must be less than or equal to 100",
    errors=(FieldError(loc=("query", "limit"), msg="must be less than or equal to 100", type="less_than_equal"),),
    status=422,
    area="bots",
    request_id="req_0",
    at=datetime(2026, 1, 1, tzinfo=UTC),
)


def document(contract: Contract | None) -> Json:
    """The document of one contract, or of all in one, where schemas carry their contract's name."""
    components: Json = {}
    paths: dict[str, Json] = {}
    for (method, path), rows in endpoints().items():
        shown = {each: row for each, row in rows.items() if contract in (None, each)}
        if shown:
            place = re.sub(r"{(\w+):path}", r"{\1}", path)
            order = [shown[each] for each in select.OWNERS.get((method, path), shown) if each in shown]
            paths.setdefault(place, {})[method.lower()] = _operation(method, place, order, components, contract)
    about = DIALECTS[contract] if contract else None
    return {
        "openapi": "3.1.0",
        "info": {
            "title": about.title if about else "Millrace: five contracts in one",
            "version": about.version if about else "1.0.0",
            "description": about.description if about else _ABOUT,
        },
        "servers": [{"url": f"/contracts/{contract}" if contract else "/"}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _SECURITY},
    }


_ABOUT = (
    "Every address of the five contracts. Where several define one, `X-API-Contract` (or `/contracts/<name>` before "
    "the path) chooses whose words are spoken; without it the answer has the keys of all."
)
_SECURITY: Json = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def _operation(method: str, path: str, rows: list[Row], components: Json, contract: Contract | None) -> Json:
    first = rows[0]
    words = OPERATIONS[first.operation]
    about = [_LEVELS[first.access]]
    if len(rows) > 1:
        about.append(f"Answered as {', '.join(row.contract for row in rows)}; where they differ the first one counts.")
    shown: Json = {
        "operationId": re.sub(r"\W+", "_", f"{method.lower()}_{path.strip('/')}{'_slash' * path.endswith('/')}"),
        "tags": [first.operation.split(".")[0]],
        "summary": (words[0].__doc__ or "").strip().split("\n")[0],
        "description": " ".join(about),
        "parameters": _parameters(path, rows, components, contract),
        "responses": _responses(rows, components, contract),
    }
    if first.access not in (Access.PUBLIC, Access.SIGNATURE):
        shown["security"] = [{"bearer": []}, {"apiKey": []}]
    bodies = [_schema(row.view.body, row, components, contract, "validation") for row in rows if row.view.body]
    if bodies:
        shown["requestBody"] = {"required": True, "content": {"application/json": {"schema": _one_of(bodies)}}}
    return shown


def _one_of(schemas: list[Json]) -> Json:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _parameters(path: str, rows: list[Row], components: Json, contract: Contract | None) -> list[Json]:
    found = {
        ("path", name): {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)}", path)
    }
    for row in rows:
        if row.view.query is None:
            continue
        told = _definition(row.view.query, row, components, contract, "validation")
        for name, schema in told.get("properties", {}).items():
            needed = name in told.get("required", ()) and len(rows) == 1
            found.setdefault(("query", name), {"name": name, "in": "query", "required": needed, "schema": schema})
    if contract is None and len(rows) > 1:
        chosen = {"type": "string", "enum": [str(row.contract) for row in rows]}
        found["header", select.HEADER] = {"name": "X-API-Contract", "in": "header", "required": False, "schema": chosen}
    return list(found.values())


def _responses(rows: list[Row], components: Json, contract: Contract | None) -> Json:
    good: Json = {}
    for status in dict.fromkeys(row.view.status for row in rows):
        good[str(status)] = {"description": HTTPStatus(status).phrase}
        answering = [row for row in rows if row.view.status == status and status != HTTPStatus.NO_CONTENT]
        schemas = [_schema(row.view.response, row, components, contract, "serialization") for row in answering]
        if schemas:
            # what has the keys of several is of none of their exact forms
            schema = schemas[0] if len(rows) == 1 else {"anyOf": [*schemas, {"description": "the keys of all"}]}
            good[str(status)]["content"] = {"application/json": {"schema": schema}}
    dialect = DIALECTS[contract] if contract else DIALECTS[rows[0].contract]
    example = dialect.error(_EXAMPLE)
    error: Json = {"type": "object", "required": sorted(example) if contract else [], "examples": [example]}
    wrong = {"content": {"application/json": {"schema": error}}}
    return {
        **good,
        "4XX": {"description": "The request was wrong, or is not allowed.", **wrong},
        "503": {"description": "A part of the platform is away for the moment; try again.", **wrong},
    }


def _schema(model: Any, row: Row, components: Json, contract: Contract | None, mode: Any) -> Json:
    if model is None:
        return {}
    told = _definition(model, row, components, contract, mode)
    title = told.get("title")
    if told.get("type") != "object" or not title:
        return told
    name = _named(title, row, contract)
    components[name] = told
    return {"$ref": _REF.format(model=name)}


def _named(title: str, row: Row, contract: Contract | None) -> str:
    return re.sub(r"\W", "", title) + ("" if contract else row.contract.title())


def _definition(model: Any, row: Row, components: Json, contract: Contract | None, mode: Any) -> Json:
    """A model's schema; what it refers to goes to the components, named after the contract where that is needed."""
    told = TypeAdapter(model).json_schema(mode=mode, ref_template=_REF, schema_generator=GenerateJsonSchema)
    inner = told.pop("$defs", {})
    names = {name: _named(name, row, contract) for name in inner}
    for name, schema in inner.items():
        components[names[name]] = _renamed(schema, names)
    renamed: Json = _renamed(told, names)
    return renamed


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    if isinstance(schema, dict):
        told = {key: _renamed(value, names) for key, value in schema.items()}
        if isinstance(ref := schema.get("$ref"), str):
            told["$ref"] = _REF.format(model=names.get(ref.rsplit("/", 1)[-1], ref.rsplit("/", 1)[-1]))
        return told
    if isinstance(schema, list):
        return [_renamed(each, names) for each in schema]
    return schema
