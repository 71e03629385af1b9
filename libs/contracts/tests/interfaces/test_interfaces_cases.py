"""Contract interfaces against its document, endpoint by endpoint."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import TypeAdapter, ValidationError

from libs.contracts.tests.botplatform.anything import understood
from libs.contracts.tests.botplatform.cases import Case, asked, full, misfits, read_cases, row_of, unlike
from libs.contracts.tests.samples import ID, NOW
from millrace.common.kernel.errors import MillraceError
from millrace.contracts.interfaces import DIALECT
from millrace.contracts.names import Contract
from millrace.contracts.operations import OPERATIONS

CASES = read_cases(__file__)
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


def needed(case: Case) -> dict[str, str]:
    """What the query must hold."""
    return {name: said["value"] for name, said in case.query.items() if said.get("required")}


def test_there_is_one_row_for_each_endpoint_and_no_other() -> None:
    rows = [f"{row.method} {row.path}" for row in DIALECT.rows]
    assert len(rows) == len(set(rows)) == 16
    assert set(rows) == {case.ask for case in CASES}
    assert {row.contract for row in DIALECT.rows} == {Contract.INTERFACES} == {DIALECT.contract}


@each
def test_an_endpoint_is_for_whom_and_answers_with_what_the_document_says(case: Case) -> None:
    row = row_of(DIALECT, case.ask)
    assert (row.access, row.view.status) == (case.access, case.status) == (case.access, 200)
    assert row.view.response is not None


@each
def test_the_query_has_the_documented_names_defaults_and_maxima(case: Case) -> None:
    model = row_of(DIALECT, case.ask).view.query
    if model is None:
        assert case.query == {}
        return
    assert set(model.model_fields) == set(case.query)
    for name, said in case.query.items():
        assert model.model_fields[name].is_required() == said.get("required", False)
        if not said.get("required"):
            assert model.model_fields[name].default == said.get("default")
        if "max" in said:
            told = {**needed(case), name: str(said["max"])}
            assert getattr(model.model_validate(told), name) == said["max"]
            with pytest.raises(ValidationError, match="less than or equal"):
                model.model_validate({**told, name: str(said["max"] + 1)})


@each
def test_the_documents_own_request_is_understood(case: Case) -> None:
    row = row_of(DIALECT, case.ask)
    assert (row.view.body is None) == (case.request is None)
    assert isinstance(asked(DIALECT, case.ask, case.request, needed(case)), OPERATIONS[row.operation][0])


@each
def test_a_full_answer_has_exactly_the_documented_keys_and_kinds(case: Case) -> None:
    row = row_of(DIALECT, case.ask)
    body = row.view.present(full(row, case.sample), NOW)
    assert misfits(body, case.response) == []
    answer = TypeAdapter(row.view.response)
    answer.validate_python(body, strict=True)
    assert unlike(answer.json_schema(), case.response) == []


@pytest.mark.parametrize("case", [case for case in CASES if case.request], ids=lambda case: case.id)
def test_what_the_server_sets_cannot_be_asked_for(case: Case) -> None:
    servers = {"id": str(ID), "user_id": str(ID), "updated_at": "2000-01-01", "fees": 1, "origin": "crypto"}
    given: dict[str, Any] = {**servers, **(case.request or {})}
    assert asked(DIALECT, case.ask, given) == asked(DIALECT, case.ask, case.request)


@pytest.mark.parametrize("case", [c for c in CASES if "id}" in c.path], ids=lambda case: case.id)
def test_a_row_is_named_by_its_uuid_or_its_number_and_else_not_found(case: Case) -> None:
    name = case.path.split("{")[1].split("}")[0]
    assert asked(DIALECT, case.ask, case.request).id == ID
    assert asked(DIALECT, case.ask, case.request, **{name: "12"}).id == 12
    for word in ("list", "", "-1", "1.5"):
        with pytest.raises(MillraceError) as refused:
            asked(DIALECT, case.ask, case.request, **{name: word})
        assert refused.value.status == 404


@pytest.mark.parametrize("case", [c for c in CASES if "limit" in c.query], ids=lambda case: case.id)
def test_how_many_reach_the_operation_and_are_bounded(case: Case) -> None:
    for limit in (1, 7, 100):
        assert asked(DIALECT, case.ask, query={**needed(case), "limit": str(limit)}).limit == limit
    for wrong in ("0", "-1", "x", ""):
        with pytest.raises(ValidationError):
            asked(DIALECT, case.ask, query={**needed(case), "limit": wrong})


@pytest.mark.parametrize("case", [c for c in CASES if "start_time" in c.query], ids=lambda case: case.id)
def test_times_are_unix_seconds_and_whatever_else_is_a_time(case: Case) -> None:
    read = [
        asked(DIALECT, case.ask, query={**needed(case), "start_time": start, "end_time": end})
        for start, end in (
            ("1735689600", "1735776000"),
            ("1735689600000", "1735776000000"),
            ("2025-01-01T00:00:00Z", "2025-01-02"),
        )
    ]
    assert read[0] == read[1] == read[2]
    assert (read[0].start.isoformat(), read[0].end.isoformat()) == (
        "2025-01-01T00:00:00+00:00",
        "2025-01-02T00:00:00+00:00",
    )


@pytest.mark.parametrize("case", [c for c in CASES if "start_time" in c.query], ids=lambda case: case.id)
@pytest.mark.parametrize("end", ["1735689600", "2024-12-31"])
def test_an_end_comes_after_its_start(case: Case, end: str) -> None:
    with pytest.raises(MillraceError) as refused:
        asked(DIALECT, case.ask, query={**needed(case), "start_time": "1735689600", "end_time": end})
    assert (refused.value.code, refused.value.status) == ("INVALID_DATE_RANGE", 400)
    assert refused.value.fields == {"end_time": "must be after start_time"}


@pytest.mark.parametrize("case", [c for c in CASES if "start_time" in c.query], ids=lambda case: case.id)
def test_an_end_may_be_open_and_a_time_that_is_none_is_refused(case: Case) -> None:
    for name, attribute in (("start_time", "start"), ("end_time", "end")):
        command = asked(DIALECT, case.ask, query={**needed(case), name: "1735689600"})
        assert getattr(command, attribute) is not None
        with pytest.raises(ValidationError, match="must be a time"):
            asked(DIALECT, case.ask, query={**needed(case), name: "soon"})


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
