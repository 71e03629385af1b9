"""What stands around a message survives the bus, and whatever else arrives is called broken."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.events.envelope import BrokenEnvelope, Envelope, read_envelope

AT = datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=UTC)
uuids = st.uuids(version=4)
words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=40)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
envelopes = st.builds(
    Envelope,
    id=uuids,
    type=words,
    source=words,
    time=moments,
    key=words,
    body=st.binary(max_size=64),
    tenant=st.none() | uuids,
    seq=st.integers(0, 2**62),
    correlation=st.none() | uuids,
    causation=st.none() | uuids,
    traceparent=st.none() | st.just("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    stage=st.integers(0, 9),
)


def envelope(**changes: object) -> Envelope:
    """An envelope, with some of it changed."""
    given_ = {"id": UUID(int=1), "type": "a.thing_happened.v1", "source": "risk", "time": AT, "key": "k", "body": b"{}"}
    return Envelope(**{**given_, **changes})  # type: ignore[arg-type]


@given(envelopes)
def test_an_envelope_comes_back_as_it_was_sent(sent: Envelope) -> None:
    assert read_envelope(sent.key.encode(), sent.headers(), sent.body) == sent


@given(st.lists(st.tuples(words, st.binary(max_size=40)), max_size=12), st.binary(max_size=20))
def test_whatever_the_headers_hold_nothing_but_a_broken_envelope_is_raised(
    headers: list[tuple[str, bytes]], key: bytes
) -> None:
    with pytest.raises(BrokenEnvelope):
        read_envelope(key, headers, b"{}")


@pytest.mark.parametrize("missing", ["ce_id", "ce_type", "ce_source", "ce_time", "seq"])
def test_a_record_without_one_of_the_attributes_is_broken(missing: str) -> None:
    headers = [(name, value) for name, value in envelope().headers() if name != missing]
    with pytest.raises(BrokenEnvelope, match=missing):
        read_envelope(b"k", headers, b"{}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_id", b"not a uuid"),
        ("ce_time", b"yesterday"),
        ("seq", b"one"),
        ("seq", b"-1"),
        ("ce_type", b"a\0b"),
        ("tenant", b"nobody"),
        ("ce_source", b"\xff\xfe"),
        ("stage", b"first"),
    ],
)
def test_a_record_with_an_unreadable_attribute_is_broken(name: str, value: bytes) -> None:
    headers = [*((n, v) for n, v in envelope().headers() if n != name), (name, value)]
    with pytest.raises(BrokenEnvelope):
        read_envelope(b"k", headers, b"{}")


def test_absent_attributes_are_left_out_of_the_headers() -> None:
    assert {name for name, _ in envelope().headers()} == {
        "ce_specversion",
        "content-type",
        "ce_id",
        "ce_type",
        "ce_source",
        "ce_time",
        "seq",
    }


def test_times_of_other_zones_are_read_as_utc() -> None:
    there = AT.astimezone(timezone(timedelta(hours=2)))
    found = read_envelope(b"k", envelope(time=there).headers(), b"{}")
    assert found.time == AT
    assert found.time.tzinfo is UTC


def test_a_record_without_key_and_body_is_read_as_empty() -> None:
    found = read_envelope(None, envelope().headers(), None)
    assert (found.key, found.body) == ("", b"")


def test_the_headers_are_those_of_the_cloudevents_kafka_binding() -> None:
    sent = envelope()
    record = KafkaMessage(headers=dict(sent.headers()), key=sent.key.encode(), value=b'{"a": 1}')
    event = from_binary(record, JSONFormat(), CloudEvent)
    assert event.get_specversion() == "1.0"
    assert (event.get_id(), event.get_type(), event.get_source()) == (str(sent.id), sent.type, sent.source)
    assert event.get_time() == AT
    assert event.get_data() == {"a": 1}
