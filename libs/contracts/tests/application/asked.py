"""Requests of contract application, read as the gateway reads them."""

import json
import re
from collections.abc import Mapping
from typing import Any

from libs.contracts.tests.samples import ID, NOW, result
from millrace.contracts.application import DIALECT
from millrace.contracts.table import Call, Row

ROWS: Mapping[str, Row] = {f"{row.method} {row.path}": row for row in DIALECT.rows}
OTHER = "00000000-0000-4000-8000-000000000009"


def row(method: str, path: str) -> Row:
    """The row at an address, written as the document does."""
    return ROWS[f"{method} /api/v1{path}"]


def call(
    of: Row,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
    *,
    path: Mapping[str, str] | None = None,
    raw: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Call:
    """A request to a row; every value of its address is the samples' id, where `path` says nothing else."""
    names = re.findall(r"{(\w+)}", of.path)
    view = of.view
    return Call(
        path={**dict.fromkeys(names, str(ID)), **(path or {})},
        query=view.query.model_validate(query or {}) if view.query else None,
        body=view.body.model_validate(body if body is not None else {}) if view.body else None,
        raw=raw if isinstance(raw, bytes) else json.dumps(raw).encode() if raw is not None else b"",
        headers=headers or {},
    )


def ask(method: str, path: str, /, query: Mapping[str, Any] | None = None, body: Any = None, **other: Any) -> Any:
    """The command that a request becomes."""
    of = row(method, path)
    return of.view.parse(call(of, query, body, **other))


def answer(method: str, path: str, found: Any = None, /, **changes: Any) -> Any:
    """The body that shows a result: a full sample of the operation's, with changes, or the one that is given."""
    of = row(method, path)
    return of.view.present(result(of.operation, **changes) if found is None else found, NOW)
