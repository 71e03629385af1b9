"""Requests that nobody would write, made of the documents' own."""

from typing import Any

from hypothesis import strategies as some
from pydantic import BaseModel, ValidationError

from libs.contracts.tests.botplatform.cases import Case, row_of
from libs.contracts.tests.samples import ID
from millrace.common.kernel.errors import MillraceError
from millrace.contracts.table import Call, Dialect

NUMBERS = some.integers() | some.floats() | some.decimals() | some.sampled_from([0, -1, 10**18, 1e308, "1e19", "-0"])
TEXTS = some.text(max_size=50) | some.sampled_from(["BTCUSDT", "BTC/USD", "LIMIT", "1h", "2025-01-01", str(ID), "12"])
VALUES = some.recursive(
    some.none() | some.booleans() | NUMBERS | TEXTS,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def understood(dialect: Dialect, case: Case, data: Any) -> Any:
    """The command that some request becomes, or the error it is refused with; anything else is raised."""
    view = row_of(dialect, case.ask).view
    needed = {name: said["value"] for name, said in case.query.items() if said.get("required")}
    try:
        query = _read(view.query, needed, data.draw(some.dictionaries(_names(case.query), TEXTS)))
        body = _read(view.body, dict(case.request or {}), data.draw(some.dictionaries(_names(case.request), VALUES)))
    except (MillraceError, ValidationError) as refused:
        return refused
    names = [part.strip("{}").removesuffix(":path") for part in case.path.split("/") if part.startswith("{")]
    try:
        return view.parse(Call(path={name: data.draw(TEXTS) for name in names}, query=query, body=body))
    except MillraceError as refused:
        return refused


def _names(known: Any) -> some.SearchStrategy[str]:
    return some.sampled_from(sorted(known)) if known else some.nothing()


def _read(model: type[BaseModel] | None, sound: dict[str, Any], odd: dict[str, Any]) -> Any:
    return model.model_validate({**sound, **odd}) if model else None
