"""The table against the documents: every endpoint has its row, and whatever is answered has the document's form."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from pydantic import TypeAdapter

from millrace.common.kernel.errors import MillraceError
from millrace.common.web.answers import encode
from millrace.contracts.canonical.frame import Canonical
from millrace.contracts.dialects import DIALECTS, endpoints
from millrace.contracts.names import Access, Contract
from millrace.contracts.operations import OPERATIONS
from millrace.contracts.table import Row
from tests.contracts.anything import anything
from tests.contracts.forms import CASES, misfit

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ROWS = {f"{contract} {row.method} {row.path}": row for contract, dialect in DIALECTS.items() for row in dialect.rows}


def plain(path: str) -> str:
    """An address as the documents write it."""
    return path.replace(":path}", "}")


def case_of(row: Row) -> dict[str, Any]:
    """The document's case of a row."""
    found = [
        case
        for case in CASES[row.contract]
        if case["method"] == row.method and case["path"] in [plain(path) for path in row.paths]
    ]
    assert len(found) == 1, f"{row.contract} {row.method} {row.path}: {len(found)} cases"
    return found[0]


@pytest.mark.parametrize("contract", list(Contract))
def test_every_endpoint_of_a_document_has_its_row_and_no_other(contract: Contract) -> None:
    rows = {(row.method, plain(path)) for row in DIALECTS[contract].rows for path in row.paths}
    cases = {(case["method"], case["path"]) for case in CASES[contract]}
    assert cases - rows == set()
    assert len(DIALECTS[contract].rows) == len(CASES[contract])


def test_there_are_146_endpoints() -> None:
    assert len(ROWS) == 146


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_for_whom_the_document_says(name: str) -> None:
    row = ROWS[name]
    public = {"none": {Access.PUBLIC}, "signature": {Access.SIGNATURE}, "admin": {Access.ADMIN}}
    said = case_of(row)["access"]
    allowed = public.get(said, {Access.USER, Access.TRADER, Access.EXPORTER, Access.PUBLIC})
    assert row.access in allowed
    assert row.view.status == case_of(row)["status"]


@pytest.mark.parametrize("name", ROWS)
@given(data=some.data())
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_answered_has_the_documents_form(name: str, data: Any) -> None:
    row = ROWS[name]
    result = data.draw(anything(OPERATIONS[row.operation][1]))
    try:
        body = row.view.present(result, NOW)
    except MillraceError:
        return  # some results are errors in some contracts
    encode(body)
    if row.view.status == 204:
        return
    TypeAdapter(row.view.response).validate_python(body)
    wrong = misfit(case_of(row)["response"], body)
    assert wrong is None, wrong


@pytest.mark.parametrize("name", ROWS)
def test_commands_are_canonical(name: str) -> None:
    command, result = OPERATIONS[ROWS[name].operation]
    assert issubclass(command, Canonical)
    assert issubclass(result, Canonical)


def test_no_two_operations_share_an_address() -> None:
    for (method, path), rows in endpoints().items():
        assert len({row.operation for row in rows.values()}) == 1, f"{method} {path}"
