"""The catalogue answers who reads what, and where the poison goes."""

import pytest

from millrace.common.events.topics import CATALOGUE, DAY, Topic, heard_by


def test_a_topic_is_found_under_its_own_name() -> None:
    assert all(name == topic.name for name, topic in CATALOGUE.items())


def test_a_service_hears_its_durable_topics_with_its_stage_on_each() -> None:
    assert heard_by("portfolio", durable=True)["market.candles.v1"] == 2
    assert "market.ticks.v1" not in heard_by("execution", durable=True)


def test_a_service_hears_lossy_topics_apart_from_durable_ones() -> None:
    assert set(heard_by("notifier", durable=False)) == {"market.ticks.v1", "market.books.v1"}


def test_a_stranger_hears_nothing() -> None:
    assert heard_by("nobody", durable=True) == heard_by("nobody", durable=False) == {}


def test_in_lockstep_the_venue_sees_a_candle_before_the_books_and_the_books_before_the_bots() -> None:
    stages = CATALOGUE["market.candles.v1"].readers
    assert stages["execution"] < stages["portfolio"] < stages["bots"]


def test_dead_letters_go_to_a_topic_of_their_reader() -> None:
    assert CATALOGUE["trading.orders.v1"].dead_letters("risk") == "trading.orders.v1.dlq.risk"


@pytest.mark.parametrize("topic", CATALOGUE.values(), ids=lambda topic: topic.name)
def test_money_is_kept_for_a_week_and_its_poison_never_dropped(topic: Topic) -> None:
    if topic.name.startswith("market."):
        return
    assert topic.durable
    assert topic.retention_seconds >= 7 * DAY
    assert not topic.drop_poison


@pytest.mark.parametrize("topic", CATALOGUE.values(), ids=lambda topic: topic.name)
def test_nobody_reads_what_it_says_itself(topic: Topic) -> None:
    assert not {*topic.producers} & {*topic.readers}
