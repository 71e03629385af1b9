"""Contract botplatform against its document, endpoint by endpoint."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import TypeAdapter, ValidationError

from libs.contracts.tests.botplatform.anything import understood
from libs.contracts.tests.botplatform.cases import Case, asked, full, misfits, read_cases, row_of, unlike
from libs.contracts.tests.samples import ID, NOW, result
from millrace.common.kernel.errors import MillraceError
from millrace.contracts.botplatform import DIALECT
from millrace.contracts.names import Contract
from millrace.contracts.operations import OPERATIONS

CASES = read_cases(__file__)
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


def test_there_is_one_row_for_each_endpoint_and_no_other() -> None:
    rows = [f"{row.method} {row.path}" for row in DIALECT.rows]
    assert len(rows) == len(set(rows)) == 33
    assert set(rows) == {case.ask for case in CASES}


def test_every_row_is_of_this_contract_and_has_one_address() -> None:
    assert {row.contract for row in DIALECT.rows} == {Contract.BOTPLATFORM} == {DIALECT.contract}
    assert all(row.paths == (row.path,) and row.category == "" for row in DIALECT.rows)


@each
def test_an_endpoint_is_for_whom_and_answers_with_what_the_document_says(case: Case) -> None:
    row = row_of(DIALECT, case.ask)
    assert (row.access, row.view.status) == (case.access, case.status)
    assert (row.view.response is None) == (case.response is None) == (case.status == 204)


@each
def test_the_query_has_the_documented_names_defaults_and_maxima(case: Case) -> None:
    model = row_of(DIALECT, case.ask).view.query
    if model is None:
        assert case.query == {}
        return
    assert set(model.model_fields) == set(case.query)
    for name, said in case.query.items():
        assert model.model_fields[name].default == said.get("default")
        if "max" in said:
            assert getattr(model.model_validate({name: str(said["max"])}), name) == said["max"]
            with pytest.raises(ValidationError, match="less than or equal"):
                model.model_validate({name: str(said["max"] + 1)})


@each
def test_the_documents_own_request_is_understood(case: Case) -> None:
    row = row_of(DIALECT, case.ask)
    assert (row.view.body is None) == (case.request is None)
    assert isinstance(asked(DIALECT, case.ask, case.request), OPERATIONS[row.operation][0])


@each
def test_a_full_answer_has_exactly_the_documented_keys_and_kinds(case: Case) -> None:
    row = row_of(DIALECT, case.ask)
    body = row.view.present(full(row, case.sample), NOW)
    if case.response is None:
        assert body is None
        return
    assert misfits(body, case.response) == []
    answer = TypeAdapter(row.view.response)
    answer.validate_python(body, strict=True)
    assert unlike(answer.json_schema(), case.response) == []


@each
def test_nothing_the_document_asks_for_may_be_missing(case: Case) -> None:
    model = row_of(DIALECT, case.ask).view.body
    for name in case.request or {}:
        assert model is not None
        lacking = {key: value for key, value in (case.request or {}).items() if key != name}
        if model.model_fields[name].is_required():
            with pytest.raises(ValidationError, match="Field required"):
                model.model_validate(lacking)
        else:
            assert model.model_validate(lacking)


@pytest.mark.parametrize("case", [case for case in CASES if case.request], ids=lambda case: case.id)
def test_what_the_server_sets_cannot_be_asked_for(case: Case) -> None:
    servers = {"id": str(ID), "user_id": str(ID), "created_at": "2000-01-01", "fees": 1, "origin": "crypto"}
    given: dict[str, Any] = {**servers, **(case.request or {})}
    assert asked(DIALECT, case.ask, given) == asked(DIALECT, case.ask, case.request)


@pytest.mark.parametrize("case", [c for c in CASES if "_id}" in c.path], ids=lambda case: case.id)
@pytest.mark.parametrize("word", ["list", "", "-1", "1.5"])
def test_an_id_that_can_be_none_is_not_found(case: Case, word: str) -> None:
    name = case.path.split("{")[1].split("}")[0]
    with pytest.raises(MillraceError) as refused:
        asked(DIALECT, case.ask, case.request, **{name: word})
    assert refused.value.status == 404


@pytest.mark.parametrize("case", [c for c in CASES if "_id}" in c.path], ids=lambda case: case.id)
def test_a_row_is_named_by_its_uuid_or_its_number(case: Case) -> None:
    name = case.path.split("{")[1].split("}")[0]
    assert asked(DIALECT, case.ask, case.request).id == ID
    assert asked(DIALECT, case.ask, case.request, **{name: "12"}).id == 12


@pytest.mark.parametrize("case", [c for c in CASES if "limit" in c.query], ids=lambda case: case.id)
def test_how_many_and_from_where_reach_the_operation(case: Case) -> None:
    command = asked(DIALECT, case.ask, query={"limit": "7", **({"offset": "14"} if "offset" in case.query else {})})
    assert command.limit == 7
    assert getattr(command, "offset", 14) == 14


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if c.query.get("limit", {}).get("default") and "offset" in c.query],
    ids=lambda case: case.id,
)
def test_a_page_says_where_it_stands(case: Case) -> None:
    row = row_of(DIALECT, case.ask)
    body = row.view.present(result(row.operation, items=(), total=9, limit=4, offset=8), NOW)
    assert body == {"items": [], "total": 9, "limit": 4, "offset": 8}


@pytest.mark.parametrize("case", [c for c in CASES if "offset" in c.query], ids=lambda case: case.id)
@pytest.mark.parametrize("edge", [{"limit": "1"}, {"limit": "100"}, {"offset": "0"}, {"offset": "1000000000"}])
def test_a_page_may_lie_at_the_edge(case: Case, edge: dict[str, str]) -> None:
    command = asked(DIALECT, case.ask, query=edge)
    assert {name: str(getattr(command, name)) for name in edge} == edge


@pytest.mark.parametrize("case", [c for c in CASES if "offset" in c.query], ids=lambda case: case.id)
@pytest.mark.parametrize("wrong", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"offset": "-1"}])
def test_a_page_is_bounded(case: Case, wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        asked(DIALECT, case.ask, query=wrong)


@each
@given(data=some.data())
@settings(max_examples=15, deadline=None)
def test_whatever_comes_is_understood_or_refused_as_the_callers_mistake(case: Case, data: Any) -> None:
    came = understood(DIALECT, case, data)
    if isinstance(came, MillraceError):
        assert came.message
        assert 400 <= came.status < 500
    elif not isinstance(came, ValidationError):
        assert isinstance(came, OPERATIONS[row_of(DIALECT, case.ask).operation][0])
