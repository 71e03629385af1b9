"""Bodies laid over each other."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from millrace.contracts.names import Contract
from millrace.contracts.union import merge

N, A, B, I, C = Contract  # noqa: E741
LEAVES = some.none() | some.booleans() | some.integers() | some.text(max_size=3)
BODIES = some.recursive(
    LEAVES, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=2), inner, max_size=3)
)


def test_objects_have_the_keys_of_all_and_the_values_of_the_first() -> None:
    assert merge({I: {"id": "u", "a": 1}, C: {"id": 7, "b": 2}}) == {"id": "u", "a": 1, "b": 2}


def test_the_owners_values_count_before_all_others() -> None:
    assert merge({I: {"status": "cancelled"}, C: {"status": "CANCELED"}}, C) == {"status": "CANCELED"}
    assert merge({I: {"status": "cancelled"}, C: {"status": "CANCELED"}}, N) == {"status": "cancelled"}


def test_objects_in_objects_merge_too() -> None:
    assert merge({I: {"user": {"id": 1}}, B: {"user": {"id": "u", "is_active": True}}}) == {
        "user": {"id": 1, "is_active": True}
    }


def test_each_item_of_a_list_follows_its_own_origin() -> None:
    ours: dict[Contract, Any] = {
        I: {"positions": [{"side": "buy"}, {"side": "sell"}]},
        C: {"positions": [{"side": "LONG", "margin": "1"}, {"side": "SHORT", "margin": "2"}], "count": 2},
    }
    assert merge(ours, origins=(C, None)) == {
        "positions": [{"side": "LONG", "margin": "1"}, {"side": "sell", "margin": "2"}],
        "count": 2,
    }


def test_a_list_of_another_length_than_the_origins_is_the_firsts() -> None:
    assert merge({I: {"tags": ["x"]}, C: {"tags": ["y"]}}, origins=(C, C)) == {"tags": ["x"]}


@pytest.mark.parametrize(("owner", "body"), [(None, {"limits": []}), (B, [{"id": 1}]), (I, {"limits": []})])
def test_what_cannot_be_merged_with_the_first_is_left_out(owner: Contract | None, body: Any) -> None:
    assert merge({I: {"limits": []}, B: [{"id": 1}]}, owner) == body


@given(BODIES)
def test_a_body_alone_is_itself(body: Any) -> None:
    assert merge({C: body}) == body


@given(
    some.dictionaries(some.sampled_from(list(Contract)), BODIES, min_size=1),
    some.none() | some.sampled_from(list(Contract)),
)
def test_nothing_of_the_owners_is_lost(bodies: dict[Contract, Any], owner: Contract | None) -> None:
    def within(part: Any, whole: Any) -> bool:
        if isinstance(part, dict):
            return all(key in whole and within(value, whole[key]) for key, value in part.items())
        if isinstance(part, list):
            return len(part) == len(whole) and all(within(p, w) for p, w in zip(part, whole, strict=True))
        return bool(part == whole)

    leading = owner if owner in bodies else next(iter(bodies))
    assert within(bodies[leading], merge(bodies, owner))
