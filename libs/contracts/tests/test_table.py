"""Rows, and the order in which addresses are tried."""

import re
from datetime import datetime
from typing import Any, get_args, get_origin
from uuid import UUID

import pytest

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical.frame import Canonical, Nothing
from millrace.contracts.dialects import DIALECTS
from millrace.contracts.names import Access, Contract
from millrace.contracts.operations import OPERATIONS
from millrace.contracts.table import Asked, Call, Row, View, order


def nothing(result: Any, now: datetime) -> None:
    """An answer without a body."""


class Unread:
    """A query or body that says nothing but what some views look at before the id: a stretch of time, a wish."""

    start_date, end_date, is_active = 1, 2, True

    def __getattr__(self, name: str) -> None:
        return None


def _named(path: str) -> str | None:
    """What the first id of an address is of; `{id}` alone is a strategy's."""
    found = re.search(r"\{(\w*?)_?id\}", path)
    return (found[1] or "strategy") if found else None


VIEW = View(parse=lambda call: Nothing(), present=nothing, response=None, status=204)


def test_words_are_tried_before_values_and_values_before_paths() -> None:
    paths = [
        "/market-data/{symbol:path}",
        "/market-data/{symbol:path}/history",
        "/market-data/symbols/{symbol:path}/ohlcv",
        "/market-data/symbols",
        "/bots/{bot_id}",
        "/bots/list",
        "/ws/{user_id}",
        "/ws/orders",
    ]
    tried = sorted(paths, key=order)
    for earlier, later in (
        ("/bots/list", "/bots/{bot_id}"),
        ("/ws/orders", "/ws/{user_id}"),
        ("/market-data/symbols", "/market-data/{symbol:path}"),
        ("/market-data/symbols/{symbol:path}/ohlcv", "/market-data/{symbol:path}/history"),
        ("/market-data/{symbol:path}/history", "/market-data/{symbol:path}"),
    ):
        assert tried.index(earlier) < tried.index(later)


def test_a_row_names_an_operation_there_is() -> None:
    with pytest.raises(ValueError, match=r"bots\.fly"):
        Row("GET", "/bots", Contract.CRYPTO, "bots.fly", Access.USER, VIEW)


def test_a_row_has_all_its_addresses() -> None:
    row = Row(
        "GET", "/api/v1/groups/", Contract.APPLICATION, "groups.list", Access.USER, VIEW, also=("/api/v1/groups",)
    )
    assert row.paths == ("/api/v1/groups/", "/api/v1/groups")


@pytest.mark.parametrize(("text", "ref"), [("7", 7), ("00000000-0000-0000-0000-000000000007", UUID(int=7))])
def test_an_address_holds_a_number_or_a_uuid(text: str, ref: object) -> None:
    assert Call(path={"id": text}).ref("id") == ref


@pytest.mark.parametrize(
    ("row", "what"),
    [
        pytest.param(row, what, id=f"{row.contract} {row.method} {row.path}")
        for dialect in DIALECTS.values()
        for row in dialect.rows
        if (what := _named(row.path))
    ],
)
def test_an_address_that_can_name_nothing_says_what_it_should_have_named(row: Row, what: str) -> None:
    words = {part.strip("{}"): "nothing" for part in row.path.split("/") if part.startswith("{")}
    with pytest.raises(MillraceError) as refused:
        row.view.parse(Call(path=words, query=Unread(), body=Unread()))
    assert (refused.value.code, refused.value.message) == (Code.NOT_FOUND, f"{what} not found")


def test_keys_nobody_knows_are_passed_over() -> None:
    class Body(Asked):
        name: str

    assert Body.model_validate({"name": "x", "user_id": "another"}).model_dump() == {"name": "x"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_takes_and_answers_canonical_values(name: str) -> None:
    for kind in OPERATIONS[name]:
        assert issubclass(kind, Canonical), kind
        assert all(issubclass(get_origin(item) or item, object) for item in get_args(kind))
