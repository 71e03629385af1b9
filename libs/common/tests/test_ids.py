"""Ids sort by time, and derived ones never change: replays and stored rows depend on them."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from millrace.common.kernel.clock import ManualClock, SeededRng, to_millis
from millrace.common.kernel.ids import client_order_id, derive_id, new_id

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))
AT = datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC)
TENANT, INTENT = UUID(int=1), UUID(int=2)


def test_derived_ids_are_the_ones_they_have_always_been() -> None:
    """Golden values: a change here breaks every replay and every stored reference."""
    assert str(derive_id(AT, "risk", UUID(int=7), 1)) == "018df4d8-0853-701f-8550-b26725c2eba3"
    assert client_order_id(TENANT, INTENT, 0) == "mr2rc3uay6vl3n2snptjciyypq"


@given(MOMENTS, MOMENTS, st.integers(0), st.integers(0))
def test_ids_sort_by_the_millisecond_they_were_made_in(a: datetime, b: datetime, seed: int, other: int) -> None:
    first = new_id(ManualClock(a), SeededRng(seed))
    second = new_id(ManualClock(b), SeededRng(other))
    if to_millis(a) != to_millis(b):
        assert (first < second) == (a < b)
        assert (str(first) < str(second)) == (a < b)


@given(MOMENTS, st.integers(0))
def test_an_id_is_a_uuid_of_version_seven_that_tells_its_time(at: datetime, seed: int) -> None:
    for found in (new_id(ManualClock(at), SeededRng(seed)), derive_id(at, seed)):
        assert (found.version, found.variant) == (7, RFC_4122)
        assert found.int >> 80 == to_millis(at)


@given(MOMENTS, st.lists(st.text(st.characters(exclude_characters="\x1f", exclude_categories=["Cs"])), min_size=1))
def test_equal_causes_give_equal_ids_and_different_ones_different_ids(at: datetime, parts: list[str]) -> None:
    assert derive_id(at, *parts) == derive_id(at, *parts)
    assert derive_id(at, *parts) != derive_id(at, *parts, "more")
    assert derive_id(at, *parts) != derive_id(at + timedelta(milliseconds=1), *parts)


def test_fresh_ids_do_not_repeat() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


@given(st.uuids(), st.uuids(), st.integers(0, 1000))
def test_an_order_has_one_id_at_the_venue_that_every_venue_accepts(tenant: UUID, intent: UUID, leg: int) -> None:
    found = client_order_id(tenant, intent, leg)
    assert found == client_order_id(tenant, intent, leg)
    assert len(found) == 26
    assert found.isalnum()
    assert found == found.lower()
    assert found != client_order_id(tenant, intent, leg + 1)
    assert found != client_order_id(intent, tenant, leg) or tenant == intent
