"""A book from a snapshot and its changes."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.marketdata.domain.orderbook import BookOutOfSync, BookSnapshot, BookUpdate, Levels, OrderBook

AT = datetime(2024, 3, 1, tzinfo=UTC)
PAIRS = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 5)), max_size=8)


def levels(*rows: tuple[int, int]) -> Levels:
    return tuple((Decimal(price), Decimal(quantity)) for price, quantity in rows)


BIDS, ASKS = levels((99, 1), (98, 2)), levels((101, 3))


def snapshot(number: int = 10, bids: Levels = BIDS, asks: Levels = ASKS) -> BookSnapshot:
    return BookSnapshot("binance", "BTC/USDT", bids, asks, number, AT)


def update(first: int, last: int, bids: Levels = (), asks: Levels = ()) -> BookUpdate:
    return BookUpdate("binance", "BTC/USDT", bids, asks, first, last, AT)


def book(*items: BookSnapshot | BookUpdate) -> OrderBook:
    made = OrderBook("binance", "BTC/USDT")
    for item in items:
        made.take(item)
    return made


def test_a_change_sets_quantities_and_zero_removes_the_level() -> None:
    top = book(snapshot(), update(11, 12, levels((99, 0), (97, 5)), levels((100, 1)))).top(10)
    assert (top.bids, top.asks, top.last_update_id) == (levels((98, 2), (97, 5)), levels((100, 1), (101, 3)), 12)


def test_the_top_has_no_more_levels_than_asked_for() -> None:
    assert book(snapshot()).top(1).bids == levels((99, 1))


def test_old_changes_are_passed_over_and_one_that_overlaps_fits() -> None:
    made = book(snapshot())
    assert made.take(update(5, 10, levels((99, 7)))) is False
    assert made.take(update(9, 11, levels((99, 8)))) is True
    assert made.top(1).bids == levels((99, 8))


def test_a_missing_change_empties_the_book_until_a_new_snapshot() -> None:
    made = book(snapshot())
    with pytest.raises(BookOutOfSync, match="update 11"):
        made.take(update(13, 14))
    assert not made.ready
    with pytest.raises(BookOutOfSync, match="waits"):
        made.top(1)
    made.take(update(15, 15, levels((90, 1))))
    made.take(snapshot(14))
    assert made.top(9).bids == levels((99, 1), (98, 2), (90, 1))


def test_the_change_that_showed_the_hole_is_applied_after_the_snapshot_too() -> None:
    made = book(snapshot())
    with pytest.raises(BookOutOfSync):
        made.take(update(13, 14, levels((98, 7))))
    made.take(update(15, 15, levels((90, 1))))
    made.take(snapshot(12))
    assert (made.last_update_id, made.top(9).bids) == (15, levels((99, 1), (98, 7), (90, 1)))


def test_a_snapshot_that_is_too_old_keeps_the_changes_for_the_next_one() -> None:
    made = book(update(13, 14, levels((98, 7))), update(15, 15, levels((90, 1))))
    with pytest.raises(BookOutOfSync):
        made.take(snapshot(5))
    assert not made.ready
    made.take(snapshot(12))
    assert (made.last_update_id, made.top(9).bids) == (15, levels((99, 1), (98, 7), (90, 1)))


def test_changes_that_came_before_the_snapshot_are_applied_after_it() -> None:
    made = book(update(8, 9, levels((1, 1))), update(10, 11, levels((99, 5))), snapshot())
    assert made.top(1).bids == levels((99, 5))


def test_a_crossed_book_shows() -> None:
    assert not book(snapshot()).crossed
    assert book(snapshot(), update(11, 11, levels((101, 1)))).crossed


@given(st.lists(st.tuples(PAIRS, PAIRS), max_size=20))
def test_the_book_equals_a_plain_dictionary_of_levels(changes: list[tuple[list[tuple[int, int]], ...]]) -> None:
    made = book(snapshot(0, (), ()))
    plain: tuple[dict[int, int], dict[int, int]] = {}, {}
    for number, (bids, asks) in enumerate(changes, start=1):
        made.take(update(number, number, levels(*bids), levels(*asks)))
        for side, rows in zip(plain, (bids, asks), strict=True):
            side.update(rows)
    expected = [{p: q for p, q in side.items() if q} for side in plain]
    top = made.top(100)
    assert top.bids == levels(*sorted(expected[0].items(), reverse=True))
    assert top.asks == levels(*sorted(expected[1].items()))
