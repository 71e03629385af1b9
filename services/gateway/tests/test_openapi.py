"""The six documents: well formed, whole, and each of its own contract alone."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from millrace.contracts import select
from millrace.contracts.dialects import DIALECTS, endpoints
from millrace.contracts.names import Access, Contract
from millrace.gateway.api import openapi

SIX = [*Contract, None]
VERBS = {"get", "post", "put", "patch", "delete"}
DOCUMENTS = {contract: openapi.document(contract) for contract in SIX}

each = pytest.mark.parametrize("contract", SIX, ids=lambda contract: contract or "all")


def operations(contract: Contract | None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation of everything in a document."""
    for path, item in DOCUMENTS[contract]["paths"].items():
        assert item.keys() <= VERBS
        yield from ((method.upper(), path, operation) for method, operation in item.items())


def schemas(told: Any) -> Iterator[dict[str, Any]]:
    """Every schema, with those inside it."""
    if isinstance(told, dict):
        if told.keys() & {"$ref", "type", "anyOf", "allOf", "properties"}:
            yield told
        for inner in told.values():
            yield from schemas(inner)
    if isinstance(told, list):
        for inner in told:
            yield from schemas(inner)


def written(path: str) -> str:
    """A path of the table as OpenAPI writes it."""
    return path.replace(":path}", "}")


@each
def test_a_document_says_what_it_is(contract: Contract | None) -> None:
    told = DOCUMENTS[contract]
    assert told["openapi"] == "3.1.0"
    assert {"openapi", "info", "paths", "components"} <= set(told)
    beginning = f"/contracts/{contract}" if contract else "/"
    assert [server["url"] for server in told["servers"]] == [beginning], "where the paths are tried out"
    assert all(told["info"][name] for name in ("title", "version", "description"))
    if contract is not None:
        dialect = DIALECTS[contract]
        assert (told["info"]["title"], told["info"]["version"]) == (dialect.title, dialect.version)


@each
def test_every_reference_leads_somewhere(contract: Contract | None) -> None:
    known = DOCUMENTS[contract]["components"]["schemas"]
    used = {schema["$ref"] for schema in schemas(DOCUMENTS[contract]) if "$ref" in schema}
    assert used <= {f"#/components/schemas/{name}" for name in known}
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in known), "names that OpenAPI allows"


@each
def test_every_schema_is_one(contract: Contract | None) -> None:
    for name, schema in DOCUMENTS[contract]["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert schema, name
    for _, path, operation in operations(contract):
        for parameter in operation["parameters"]:
            Draft202012Validator.check_schema(parameter["schema"])
        for answer in operation["responses"].values():
            for content in answer.get("content", {}).values():
                Draft202012Validator.check_schema(content["schema"])
        assert path.startswith("/")


@each
def test_the_values_of_an_address_are_declared_and_no_others(contract: Contract | None) -> None:
    for method, path, operation in operations(contract):
        named = re.findall(r"{(\w+)}", path)
        declared = [parameter for parameter in operation["parameters"] if parameter["in"] == "path"]
        assert [parameter["name"] for parameter in declared] == named, (method, path)
        assert all(parameter["required"] for parameter in declared)
        places = [(parameter["in"], parameter["name"]) for parameter in operation["parameters"]]
        assert len(set(places)) == len(places), (method, path)


@each
def test_operations_have_names_of_their_own(contract: Contract | None) -> None:
    names = Counter(operation["operationId"] for *_, operation in operations(contract))
    assert [name for name, count in names.items() if count > 1] == []
    assert all(re.fullmatch(r"\w+", name) for name in names)


@each
def test_an_operation_explains_itself(contract: Contract | None) -> None:
    for method, path, operation in operations(contract):
        assert operation["summary"], (method, path)
        assert operation["description"].startswith("For "), (method, path)
        assert len(operation["tags"]) == 1


@each
def test_who_has_to_sign_in_is_told(contract: Contract | None) -> None:
    known = set(DOCUMENTS[contract]["components"]["securitySchemes"])
    rows = {(method, written(path)): rows for (method, path), rows in endpoints().items()}
    for method, path, operation in operations(contract):
        access = {row.access for row in rows[method, path].values()}
        open_to_all = access <= {Access.PUBLIC, Access.SIGNATURE}
        assert ("security" in operation) != open_to_all, (method, path)
        for one in operation.get("security", []):
            assert set(one) <= known


@each
def test_every_row_is_there_once_and_nothing_else(contract: Contract | None) -> None:
    wanted = {
        (method, written(path)) for (method, path), rows in endpoints().items() if contract is None or contract in rows
    }
    assert Counter((method, path) for method, path, _ in operations(contract)) == Counter(wanted)


def test_the_five_documents_together_are_the_sixth() -> None:
    five = {(method, path) for contract in Contract for method, path, _ in operations(contract)}
    assert five == {(method, path) for method, path, _ in operations(None)}


@pytest.mark.parametrize("contract", list(Contract))
def test_a_contracts_document_says_nothing_of_the_others(contract: Contract) -> None:
    others = set(Contract) - {contract}
    for name in DOCUMENTS[contract]["components"]["schemas"]:
        assert not any(name.endswith(other.title()) for other in others), name
    for method, path, operation in operations(contract):
        assert "anyOf" not in operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get(
            "schema", {}
        )
        assert all(parameter["in"] != "header" for parameter in operation["parameters"]), (method, path)


def test_a_shared_address_shows_every_form_and_who_comes_first() -> None:
    found = {(method, path): operation for method, path, operation in operations(None)}
    for (method, path), owners in select.OWNERS.items():
        operation, rows = found[method, path], endpoints()[method, path]
        for status in {row.view.status for row in rows.values()}:
            schema = operation["responses"][str(status)]["content"]["application/json"]["schema"]
            *forms, any_other = schema["anyOf"]
            answering = [row.contract for row in rows.values() if row.view.status == status]
            assert len(forms) == len(answering)
            assert all(name.title() in str(forms) for name in answering), "schemas carry their contract's name"
            assert any_other == {"description": "the keys of all"}, "the keys of several are of none of their forms"
        assert ", ".join(owner for owner in owners if owner in rows) in operation["description"]
        (header,) = [parameter for parameter in operation["parameters"] if parameter["in"] == "header"]
        assert (header["name"], header["required"]) == ("X-API-Contract", False)
        assert set(header["schema"]["enum"]) == set(map(str, rows))
        bodies = [row for row in rows.values() if row.view.body]
        if len(bodies) > 1:
            assert len(operation["requestBody"]["content"]["application/json"]["schema"]["anyOf"]) == len(bodies)


def test_an_address_of_one_contract_shows_one_form() -> None:
    for method, path, operation in operations(None):
        if (method, path) not in select.OWNERS:
            assert all(parameter["in"] != "header" for parameter in operation["parameters"])
            assert "anyOf" not in str(operation.get("requestBody", {}).get("content", {}).get("schema", ""))


@each
def test_what_goes_wrong_is_shown_in_the_contracts_envelope(contract: Contract | None) -> None:
    for _, _, operation in operations(contract):
        assert {"4XX", "503"} < set(operation["responses"])
        for status in ("4XX", "503"):
            schema = operation["responses"][status]["content"]["application/json"]["schema"]
            (example,) = schema["examples"]
            Draft202012Validator(schema).validate(example)
            if contract is not None:
                assert schema["required"] == sorted(example)


@each
def test_no_body_is_promised_where_there_is_none(contract: Contract | None) -> None:
    rows = {(method, written(path)): rows for (method, path), rows in endpoints().items()}
    for method, path, operation in operations(contract):
        for each_of, row in rows[method, path].items():
            if contract in (None, each_of):
                good = operation["responses"][str(row.view.status)]
                assert ("content" in good) == (row.view.status != 204)
                assert good["description"]


@each
def test_a_document_is_the_same_in_every_run(contract: Contract | None) -> None:
    assert openapi.document(contract) == DOCUMENTS[contract]


def test_secrets_have_no_examples() -> None:
    for contract in SIX:
        for schema in schemas(DOCUMENTS[contract]["components"]):
            for name, inner in schema.get("properties", {}).items():
                if "password" in name or "secret" in name:
                    assert not inner.keys() & {"default", "examples", "example"} or inner.get("default") is None, name
