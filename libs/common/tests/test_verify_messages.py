"""`verify` finds every message that was said and not applied, and none that is only under way."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from millrace.common.runtime.settings import SERVICES
from millrace.common.runtime.verify import verify

TOPIC, KIND = "trading.fills.v1", "trading.fill_booked.v1"
ORDERS, UPDATE = "trading.orders.v1", "trading.order_updated.v1"
READERS = ("portfolio", "notifier")


class Platform:
    """The tables of all services, without the services."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.said = 0

    async def sql(self, statement: str, *values: Any) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(statement, *values)
        finally:
            await connection.close()

    async def logged(
        self, *, age: float = 0, kind: str = KIND, stage: int = 0, topic: str = TOPIC, body: bytes = b""
    ) -> UUID:
        """Say something on the embedded bus."""
        event_id, self.said = uuid4(), self.said + 1
        await self.sql(
            "insert into bus.log "
            "(topic, partition, position, key, seq, id, type, source, time, stage, body, appended_at) "
            "values ($1, 0, $2, 'k', $3, $4, $5, 'execution', now(), $6, $8, now() - make_interval(secs => $7))",
            *(topic, self.said - 1, self.said, event_id, kind, stage, age, body),
        )
        return event_id

    async def published(self, age: float | None) -> UUID:
        """Say something through the producer's outbox; not yet published without an age."""
        event_id, self.said = uuid4(), self.said + 1
        await self.sql(
            "insert into execution.outbox (topic, partition, key, seq, id, type, source, time, body, published_at) "
            "values ($1, 0, 'k', $2, $3, $4, 'execution', now(), '', now() - make_interval(secs => $5))",
            *(TOPIC, self.said, event_id, KIND, age),
        )
        return event_id

    async def applied(self, event_id: UUID, *readers: str) -> None:
        """Note it in inboxes."""
        for reader in readers:
            insert = f"insert into {reader}.inbox (event_id, topic, key, seq) values ($1, $2, 'k', $3)"
            await self.sql(insert, event_id, TOPIC, self.said)

    async def went_past(self, position: int, *readers: str) -> None:
        """Readers have come so far."""
        for reader in readers:
            await self.sql(
                "insert into bus.readers values ($1, $2, 0, $3) "
                "on conflict (reader, topic, partition) do update set position = excluded.position",
                *(reader, TOPIC, position),
            )

    async def broken(self, check: str = "I9", patience: float = 0.0) -> list[dict[str, Any]]:
        return next(found.rows for found in await verify(self.url, patience) if found.check.number == check)


@pytest.fixture
async def platform(migrated: Callable[[tuple[str, ...]], Awaitable[str]]) -> Platform:
    """A platform on which both readers have applied one fill."""
    found = Platform(await migrated(SERVICES))
    await found.applied(await found.logged(), *READERS)
    return found


async def test_a_message_that_a_reader_went_past_without_applying_it_is_found(platform: Platform) -> None:
    lost = await platform.logged()
    await platform.applied(lost, "portfolio")
    await platform.went_past(2, *READERS)
    [row] = await platform.broken()
    assert (row["what"], row["service"], row["topic"], row["id"]) == ("not applied", "notifier", TOPIC, str(lost))
    await platform.applied(lost, "notifier")
    assert await platform.broken() == []


async def test_a_message_under_way_is_not_lost_until_it_has_waited_for_ten_seconds(platform: Platform) -> None:
    await platform.logged(age=5)
    assert await platform.broken() == []
    await platform.sql("update bus.log set appended_at = now() - interval '11 seconds' where position = 1")
    assert {row["service"] for row in await platform.broken()} == set(READERS)


async def test_types_a_reader_never_applies_and_copies_for_other_stages_are_not_its_business(
    platform: Platform,
) -> None:
    await platform.logged(age=60, kind="trading.never_heard_of.v1")
    await platform.logged(age=60, stage=9)
    assert await platform.broken() == []


async def test_what_the_outboxes_say_must_be_applied_too(platform: Platform) -> None:
    await platform.applied(await platform.published(60), *READERS)
    await platform.published(5)
    late = await platform.published(None)
    assert await platform.broken() == await platform.broken("I10") == []
    await platform.sql("update execution.outbox set said_at = now() - interval '3 seconds' where id = $1", late)
    assert [row["service"] for row in await platform.broken("I10")] == ["execution"]
    lost = await platform.published(11)
    assert {(row["service"], row["id"]) for row in await platform.broken()} == {(name, str(lost)) for name in READERS}


async def test_a_number_of_a_key_that_was_applied_twice_is_found(platform: Platform) -> None:
    await platform.applied(uuid4(), "portfolio")
    assert [(row["what"], row["service"]) for row in await platform.broken()] == [("applied twice", "portfolio")]


async def test_what_comes_and_goes_is_under_way_and_what_stays_is_broken(platform: Platform) -> None:
    stuck = await platform.logged(age=60)
    late = await platform.logged(age=60)
    looking = asyncio.create_task(platform.broken(patience=3))
    while not looking.done():
        late, before = await platform.logged(age=60), late
        await platform.applied(before, *READERS)
    assert {row["id"] for row in await looking} == {str(stuck)}


async def test_a_platform_that_catches_up_in_time_is_clean(platform: Platform) -> None:
    late = await platform.logged(age=60)
    looking = asyncio.create_task(platform.broken(patience=20))
    await asyncio.sleep(0.3)  # long enough to have given up, if it did
    assert not looking.done()
    await platform.applied(late, *READERS)
    assert await looking == []


@pytest.mark.parametrize(
    ("body", "missed"),
    [
        (b'{"bot_id": null, "state": "open", "filled_quantity": "0"}', set()),
        (b'{"bot_id": "x", "state": "open", "filled_quantity": "0"}', {"bots"}),
        (b'{"bot_id": null, "state": "open", "filled_quantity": "0.5"}', {"risk"}),
        (b'{"bot_id": "x", "state": "expired", "filled_quantity": "0"}', {"bots", "risk"}),
    ],
)
async def test_news_of_an_order_is_missed_by_those_it_concerns(
    platform: Platform, body: bytes, missed: set[str]
) -> None:
    everybody = ("bots", "risk")
    first = await platform.logged(kind=UPDATE, topic=ORDERS, body=b'{"bot_id": "x", "state": "filled"}')
    await platform.applied(first, *everybody)
    await platform.logged(kind=UPDATE, topic=ORDERS, body=body, age=11)
    assert {row["service"] for row in await platform.broken()} == missed
