"""Every endpoint of the document has its row, reads what the document asks and answers what it shows."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from libs.contracts.tests.application.asked import OTHER, ROWS, call
from libs.contracts.tests.samples import NOW, PLAIN, result
from millrace.contracts import application
from millrace.contracts.application import DIALECT
from millrace.contracts.names import Access, Contract
from millrace.contracts.operations import OPERATIONS
from millrace.contracts.table import Asked, Row, Shape

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text())
KINDS: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "number": (float,),
    "bool": (bool,),
    "object": (dict,),
    "list": (list,),
}
MODELS = (Asked, Shape)
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")

each = pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
listed = pytest.mark.parametrize(
    ("case", "name", "rule"),
    [(case, name, rule) for case in CASES for name, rule in case.get("query", {}).items()],
    ids=lambda value: value["id"] if isinstance(value, dict) and "id" in value else str(value),
)


def of(case: Mapping[str, Any]) -> Row:
    """The case's row."""
    return ROWS[case["call"]]


def check(value: Any, form: Any, place: str = "answer") -> None:
    """Fail unless a value has exactly the keys and the kinds of a form."""
    if isinstance(form, dict):
        assert isinstance(value, dict), place
        assert set(value) == set(form), place
        for key, inner in form.items():
            check(value[key], inner, f"{place}.{key}")
    elif isinstance(form, list):
        assert isinstance(value, list), place
        assert value, f"{place}: an empty list shows nothing"
        for item in value:
            check(item, form[0], f"{place}[]")
    elif form is True:
        assert value is True, place
    elif form == "time":
        assert TIME.fullmatch(value), place
    elif form == "role":
        assert value in {"admin", "exporter", "viewer"}, place
    elif form.startswith("="):
        assert value == form[1:], place
    else:
        assert type(value) in KINDS[form], f"{place} is {value!r}, not {form}"


def shown(case: Mapping[str, Any]) -> Any:
    """What the case's row answers to a full result."""
    row = of(case)
    changes = {name: tuple(value) for name, value in case.get("result", {}).items()}
    return row.view.present(result(row.operation, **changes), NOW)


def test_there_is_one_row_for_each_endpoint_and_no_other() -> None:
    assert len(CASES) == 45
    assert sorted(case["call"] for case in CASES) == sorted(f"{row.method} {row.path}" for row in DIALECT.rows)


def test_no_two_rows_answer_at_one_address() -> None:
    addresses = [(row.method, path) for row in DIALECT.rows for path in row.paths]
    assert len(addresses) == len(set(addresses)) == 45 + 5


@each
def test_a_row_says_who_may_call_and_where(case: dict[str, Any]) -> None:
    row = of(case)
    assert row.access == Access(case.get("access", "public"))
    assert list(row.also) == case.get("also", [])
    assert row.view.status == 200
    assert row.contract is Contract.APPLICATION


@each
def test_what_the_document_asks_becomes_the_operations_command(case: dict[str, Any]) -> None:
    row = of(case)
    command = row.view.parse(call(row, **case.get("ask", {})))
    assert type(command) is OPERATIONS[row.operation][0]


@each
def test_the_answer_has_exactly_the_documents_keys_and_kinds(case: dict[str, Any]) -> None:
    check(shown(case), case["told"])


@each
def test_the_answer_is_of_the_form_that_openapi_shows(case: dict[str, Any]) -> None:
    body = shown(case)
    form: TypeAdapter[Any] = TypeAdapter(of(case).view.response)
    form.validate_python(body, strict=True)
    schema = form.json_schema(mode="serialization")
    assert schema["type"] == ("array" if isinstance(body, list) else "object")


def test_a_name_is_given_to_one_model_only() -> None:
    found: dict[str, set[type]] = {}
    for name in iter_modules(application.__path__):
        module = import_module(f"{application.__name__}.{name.name}")
        for model in (
            value for value in vars(module).values() if isinstance(value, type) and issubclass(value, MODELS)
        ):
            found.setdefault(model.__name__, set()).add(model)
    assert len(found) > 60
    assert {name for name, models in found.items() if len(models) > 1} == set(), "OpenAPI would show one for the other"


@each
def test_the_form_that_openapi_shows_refuses_other_keys_and_missing_ones(case: dict[str, Any]) -> None:
    body = shown(case)
    first = body[0] if isinstance(body, list) else body
    form: TypeAdapter[Any] = TypeAdapter(of(case).view.response)
    for wrong in ({**first, "another": 1}, dict(list(first.items())[1:])):
        with pytest.raises(ValidationError):
            form.validate_python([wrong] if isinstance(body, list) else wrong)


@each
def test_the_answer_is_plain_json_whatever_its_free_parts_hold(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PLAIN, Any, Decimal("1.5"))
    body = shown(case)
    assert json.loads(json.dumps(body, allow_nan=False)) == body


@listed
def test_a_query_has_its_documented_default(case: dict[str, Any], name: str, rule: dict[str, Any]) -> None:
    given = {key: value for key, value in case.get("ask", {}).get("query", {}).items() if key != name}
    assert read(query(case), given, name) == rule["default"]


@listed
def test_a_query_over_its_maximum_is_refused(case: dict[str, Any], name: str, rule: dict[str, Any]) -> None:
    if "max" not in rule:
        return
    assert read(query(case), {name: rule["max"]}, name) == rule["max"]
    assert read(query(case), {name: str(rule["max"])}, name) == rule["max"], "a query is text"
    for wrong in (rule["max"] + 1, 0, -1, "many"):
        with pytest.raises(ValidationError):
            read(query(case), {name: wrong}, name)


@each
def test_every_text_of_a_request_is_bounded(case: dict[str, Any]) -> None:
    row = of(case)
    for model, given in ((row.view.query, "query"), (row.view.body, "body")):
        texts = {k: v for k, v in case.get("ask", {}).get(given, {}).items() if isinstance(v, str)}
        for name in texts:
            assert model is not None
            with pytest.raises(ValidationError):
                model.model_validate({**case["ask"][given], name: "x" * 5000})


@each
def test_every_number_of_a_body_is_bounded_and_may_be_text(case: dict[str, Any]) -> None:
    given = case.get("ask", {}).get("body", {})
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        model = of(case).view.body
        assert model is not None
        assert getattr(model.model_validate({**given, name: str(value)}), name) == value
        for wrong in (-1, 10**15, "NaN", "a", True, []):
            with pytest.raises(ValidationError):
                model.model_validate({**given, name: wrong})


@each
def test_keys_that_only_the_server_sets_change_nothing(case: dict[str, Any]) -> None:
    asked = case.get("ask", {})
    if "body" not in asked:
        return
    row = of(case)
    set_by_server = {"id": 1, "user_id": OTHER, "created_at": "2020-01-01T00:00:00Z", "origin": "network"}
    plain, stuffed = call(row, **asked), call(row, **{**asked, "body": {**set_by_server, **asked["body"]}})
    assert row.view.parse(stuffed) == row.view.parse(plain)


def query(case: Mapping[str, Any]) -> type[Asked]:
    """The model of a case's query."""
    model = of(case).view.query
    assert model is not None
    return model


def read(model: type[Asked], given: Mapping[str, Any], name: str) -> Any:
    """What a query's field holds; `offset` and `skip` are one."""
    found = model.model_validate(given)
    return getattr(found, "skip" if name == "offset" else name)
