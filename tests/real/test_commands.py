"""The commands that speak with Kafka, as programs."""

import asyncio
import json
import os
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from millrace.common.bus.inspection import delete_topics
from millrace.common.bus.kafka import KafkaBus
from millrace.common.events.envelope import Envelope
from tests.cli.program import millrace

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


async def leftovers() -> set[str]:
    """Databases and topics of replays."""
    server = await asyncpg.connect(os.environ["MILLRACE_TEST_POSTGRES"])
    found = {
        row["datname"] for row in await server.fetch("select datname from pg_database where datname like 'replay%'")
    }
    await server.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=os.environ["MILLRACE_TEST_KAFKA"])
    await admin.start()
    found |= {name for name in await admin.list_topics() if name.startswith("replay")}
    await admin.close()
    return found


@pytest.mark.parametrize("database", ["", "MILLRACE_TEST_POSTGRES"])
async def test_a_replay_on_kafka_equals_one_in_memory_and_leaves_nothing_behind(database: str) -> None:
    variables = {"MILLRACE_KAFKA": os.environ["MILLRACE_TEST_KAFKA"]}
    if database:
        variables["MILLRACE_DATABASE_URL"] = os.environ[database]
    before = await leftovers()
    asked = ["--bars", "40", "--strategy", "trend", "--bus", "kafka", "--against", "memory", "-o", "json"]
    done = await asyncio.to_thread(millrace, "replay", *asked, **variables)
    assert done.code == 0, done.err
    assert done.json["equal"] is True
    assert done.json["events"] > 0
    assert await leftovers() <= before


async def test_the_newest_events_are_shown_on_kafka() -> None:
    prefix = f"tail{uuid4().hex[:8]}."
    bus = KafkaBus(os.environ["MILLRACE_TEST_KAFKA"], "0", prefix=prefix)
    await bus.start()
    try:
        for number in range(5):
            key = "odd" if number % 2 else "even"
            body = json.dumps({"number": number}).encode()
            now = datetime.now(UTC)
            await bus.publish([("bots.v1", Envelope(uuid4(), "bots.bot_changed.v1", "test", now, key, body))])
        variables = {"MILLRACE_BUS": "kafka", "MILLRACE_KAFKA": os.environ["MILLRACE_TEST_KAFKA"]}
        variables["MILLRACE_KAFKA_PREFIX"] = prefix

        async def shown(*options: str) -> list[int]:
            done = await asyncio.to_thread(millrace, "events", "tail", "bots.v1", *options, **variables)
            assert done.code == 0, done.err
            return [json.loads(line)["body"]["number"] for line in done.out.splitlines()]

        assert await shown("-n", "2") == [3, 4]
        assert await shown("--key", "odd") == [1, 3]
        assert await shown("-n", "0") == []
    finally:
        await bus.stop()
        await delete_topics(os.environ["MILLRACE_TEST_KAFKA"], prefix)
