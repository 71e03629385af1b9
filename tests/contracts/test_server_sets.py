"""Keys that only the server sets, added to whatever a document's client sends: what is asked for stays the same."""

from typing import Any

import pytest
from pydantic import ValidationError

from millrace.common.kernel.errors import MillraceError
from millrace.contracts.dialects import DIALECTS
from millrace.contracts.names import Contract
from millrace.contracts.table import Call, Row
from tests.contracts.forms import CASES
from tests.contracts.steps import STEPS, Alone, filled

OTHER = "00000000-0000-4000-8000-000000000009"
CORE: dict[str, Any] = {
    "id": OTHER,
    "user_id": OTHER,
    "status": "planted",
    "origin": "crypto",
    "created_at": "2000-01-01T00:00:00Z",
    "updated_at": "2000-01-01T00:00:00Z",
}
"""Passed over everywhere."""
MORE: dict[str, Any] = {
    **dict.fromkeys(("owner", "owner_id", "session_id", "principal", "intent_id"), OTHER),
    **dict.fromkeys(("balance", "equity", "pnl", "profit", "total_profit", "filled_quantity", "avg_price", "fees"), 9),
    **dict.fromkeys(("is_admin", "is_verified", "approved", "two_factor_enabled"), True),
    "num": 1,
    "role": "admin",
    "permissions": ["admin"],
    "state": "planted",
    "contract": "network",
}
"""Passed over, or refused where whatever is unknown is."""


def asking() -> dict[str, tuple[Row, Any, Any]]:
    """Every request of the walks that has a body: its row, query and body."""
    found, known = {}, Alone()
    for contract in Contract:
        rows = {(row.method, path.replace(":path}", "}")): row for row in DIALECTS[contract].rows for path in row.paths}
        cases = {case["id"]: case for case in CASES[contract]}
        for n, step in enumerate(STEPS[contract]):
            row = rows[cases[step.case]["method"], cases[step.case]["path"]]
            if row.view.body is not None:
                found[f"{contract} {step.case} {n}"] = row, filled(step.query, known), filled(step.json or {}, known)
    return found


ASKING = asking()


def command(row: Row, query: Any, body: Any) -> Any:
    """What a row makes of a request."""
    view = row.view
    path = {part[1:-1].split(":")[0]: OTHER for part in row.path.split("/") if part.startswith("{")}
    told = view.query.model_validate(query) if view.query else None
    return view.parse(Call(path=path, query=told, body=view.body.model_validate(body) if view.body else None))


@pytest.mark.parametrize("name", ASKING)
def test_what_only_the_server_sets_changes_nothing(name: str) -> None:
    row, query, body = ASKING[name]
    plain = command(row, query, body)
    assert row.view.body is not None
    own = row.view.body.model_fields.keys()
    core = {key: value for key, value in CORE.items() if key not in own}
    assert command(row, query, {**core, **body}) == plain
    for key, value in MORE.items():
        if key in own:
            continue
        try:
            found = command(row, query, {**body, key: value})
        except (ValidationError, MillraceError) as refused:
            wrong = str(refused).lower()
            found = plain if key in wrong and ("not a known key" in wrong or "not permitted" in wrong) else wrong
        assert found == plain, key


def test_every_body_of_a_document_is_tried() -> None:
    tried = {(row.contract, row.operation, row.path) for row, _, _ in ASKING.values()}
    bodies = {(row.contract, row.operation, row.path) for d in DIALECTS.values() for row in d.rows if row.view.body}
    assert bodies == tried


def test_what_a_body_may_say_of_these_is_little() -> None:
    said = {
        f"{row.contract} {row.operation} {key}"
        for row, _, _ in ASKING.values()
        if row.view.body
        for key in row.view.body.model_fields.keys() & {*CORE, *MORE}
    }
    assert said == set()
