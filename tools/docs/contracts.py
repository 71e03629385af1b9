"""docs/contracts/*.md: each API contract with its endpoints, who may call them, its rates and its errors."""

import json
from datetime import UTC, datetime

from millrace.common.kernel.errors import Code
from millrace.contracts.canonical.problem import FieldError, Problem
from millrace.contracts.dialects import DIALECTS
from millrace.contracts.names import Access, Contract
from millrace.contracts.table import Dialect, Row
from millrace.gateway.domain.rates import described

_WHO = {
    Access.PUBLIC: "everybody",
    Access.SIGNATURE: "who signs",
    Access.USER: "users",
    Access.TRADER: "traders",
    Access.EXPORTER: "exporters",
    Access.ADMIN: "administrators",
}
_WRONG = Problem(
    code=Code.VALIDATION_ERROR,
    message="limit: must be less than or equal to 100",
    errors=(FieldError(loc=("query", "limit"), msg="must be less than or equal to 100", type="less_than_equal"),),
    status=422,
    request_id="req_01",
    at=datetime(2026, 1, 1, tzinfo=UTC),
)


def pages() -> dict[str, str]:
    """A document for each contract, by its name."""
    return {contract: page(DIALECTS[contract]) for contract in Contract}


def page(dialect: Dialect) -> str:
    """One contract."""
    name = dialect.contract
    rates = ", ".join(f"{limit} {what.replace('_', ' ')}" for what, limit in described()[name].items())
    error = json.dumps(dialect.error(_WRONG), indent=2)
    lines = [
        f"# Contract {name}",
        "",
        f"Made by `make docs` from `libs/contracts/src/millrace/contracts/{name}`; do not edit. {dialect.title}: "
        f"{dialect.description}",
        "",
        "A client works unchanged where its addresses are this contract's alone. Where others define the same address "
        f"it gets exactly this contract's answers with the prefix `/contracts/{name}`, the header "
        f"`X-API-Contract: {name}`, a user or API key that has chosen it, or a port of its own "
        f"(`MILLRACE_GATEWAY_CONTRACT_PORTS`); without any of them see "
        f"[how five contracts are served](../contracts.md). To read and to try: `/contracts/{name}/docs`.",
        "",
        f"Requests a user may send: {rates}. `MILLRACE_GATEWAY_RATES` multiplies all of it.",
        "",
        "| | address | answers | for | what it does |",
        "|---|---|---|---|---|",
        *(_line(row) for row in dialect.rows),
        "",
        f"An error, here with status {dialect.status(_WRONG)}:",
        "",
        "```json",
        error,
        "```",
    ]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    places = "<br>".join(f"`{path.replace(':path}', '}')}`" for path in row.paths)
    return f"| {row.method} | {places} | {row.view.status} | {_WHO[row.access]} | {row.operation} |"
