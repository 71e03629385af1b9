"""The smallest service: it hears of bots and candles, notes them in a table and may say something itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from millrace.common.bus.memory import MemoryBus
from millrace.common.bus.port import Bus
from millrace.common.bus.postgres import PostgresBus
from millrace.common.db import migrate
from millrace.common.db.database import Database
from millrace.common.db.outbox import LogOutbox, Outbox, TableOutbox
from millrace.common.db.work import Work, Works
from millrace.common.events.bots import BotChanged
from millrace.common.events.envelope import Envelope
from millrace.common.events.market import CandleClosed
from millrace.common.events.message import Event, Message
from millrace.common.kernel.clock import SystemClock
from millrace.common.runtime.consumer import Consumer
from millrace.common.runtime.service import Handler
from millrace.common.testing.postgres import NewDatabase

SCHEMA = "notifier"  # a name from the catalogue, since dead-letter topics and retention come from there
AT = datetime(2026, 1, 1, tzinfo=UTC)
_MIGRATION = f"""
from millrace.common.db.migrations import common_tables, protect, run

revision = "0001"
down_revision = None


def upgrade() -> None:
    common_tables()
    run("create table notes (number bigint generated always as identity, user_id uuid, key text, text text)")
    protect("{SCHEMA}", "notes")
"""


def changed(bot_id: UUID, name: str, user_id: UUID | None = None) -> BotChanged:
    """A bot got a name."""
    terms = {"strategy": "trend", "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "5m", "status": "active"}
    ids = {"bot_id": bot_id, "user_id": user_id or uuid4(), "account_id": uuid4()}
    return BotChanged(**ids, name=name, changed_at=AT, **terms)


def closed(number: int) -> CandleClosed:
    """A candle whose price is a number."""
    prices = {name: Decimal(number) for name in ("open", "high", "low", "close")}
    at = AT + timedelta(minutes=number)
    return CandleClosed(
        exchange="binance", symbol="BTC/USDT", timeframe="1m", opened_at=at, volume=Decimal(1), **prices
    )


async def note(work: Work, message: Message[Any]) -> None:
    """The plain handler: writes down a bot's name or a candle's price."""
    text = message.event.name if isinstance(message.event, BotChanged) else str(message.event.close)
    insert = "insert into notes (user_id, key, text) values ($1, $2, $3)"
    await work.connection.execute(insert, message.envelope.tenant, message.envelope.key, text)


class Desk:
    """The service's database, bus and outbox; `kind` is the bus driver, memory or postgres."""

    def __init__(self, url: str, kind: str) -> None:
        self.url = url
        self.database = Database(url, SCHEMA)
        self.bus: Bus = PostgresBus(url) if kind == "postgres" else MemoryBus()
        self._seq: dict[tuple[str, str], int] = {}

    @property
    def works(self) -> Works:
        """Units of work whose messages go where this bus takes them from."""
        bus = self.bus
        outbox: Outbox = LogOutbox(bus.deliver) if isinstance(bus, PostgresBus) else TableOutbox(lambda: None)
        return Works(self.database, outbox, SystemClock())

    def envelope(self, event: Event, **changes: Any) -> Envelope:
        """The event as its producer would send it."""
        place = (event.topic, event.key)
        self._seq[place] = self._seq.get(place, 0) + 1
        fields = {"id": uuid4(), "type": event.type, "source": "bots", "time": AT, "key": event.key}
        body = event.model_dump_json().encode()
        return Envelope(**{**fields, "body": body, "tenant": event.tenant, "seq": self._seq[place], **changes})

    async def say(self, *events: Event) -> list[Envelope]:
        """Publish events; returns how they were sent."""
        envelopes = [(event.topic, self.envelope(event)) for event in events]
        await self.bus.publish(envelopes)
        return [envelope for _, envelope in envelopes]

    def consumer(self, handlers: Mapping[type[Event], Handler] | Handler = note, **options: Any) -> Consumer:
        """A reader of both topics; one handler serves both kinds unless told otherwise."""
        both: tuple[type[Event], ...] = (BotChanged, CandleClosed)
        routes = handlers if isinstance(handlers, Mapping) else dict.fromkeys(both, handlers)
        topics = {BotChanged.topic: 1, CandleClosed.topic: 3}
        return Consumer(SCHEMA, routes, topics, self.works, self.bus, **options)

    async def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """What a query of the service's tables finds."""
        return [dict(row) for row in await self.database.fetch(query, *values)]

    async def notes(self, key: object = None) -> list[str]:
        """What has been noted, in order; of one key only if that is given."""
        query = "select text from notes where $1::text is null or key = $1 order by number"
        return [row["text"] for row in await self.rows(query, None if key is None else str(key))]

    async def until(self, true: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(seconds):
            while not await true():
                await asyncio.sleep(0.02)

    async def noted(self, *texts: str) -> None:
        """Wait until so many notes are there, and check that they are these, whatever their order."""
        await self.until(lambda: self._has(len(texts)))
        assert sorted(await self.notes()) == sorted(texts)

    async def _has(self, count: int) -> bool:
        return len(await self.notes()) >= count

    async def as_superuser(self, *statements: str) -> None:
        """Change what the service itself may not."""
        connection = await asyncpg.connect(self.url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@asynccontextmanager
async def consuming(consumer: Consumer) -> AsyncIterator[Consumer]:
    """The consumer at work; it must stop at once when it is told to."""
    task = asyncio.create_task(consumer.run())
    try:
        yield consumer
    finally:
        consumer.stop()
        async with asyncio.timeout(10):
            await task


NewDesk = Callable[..., Awaitable[Desk]]
_TABLES: Sequence[str] = (
    *(f"{SCHEMA}.{name}" for name in ("notes", "inbox", "outbox", "sequences", "dead_letters")),
    *(f"bus.{name}" for name in ("log", "ends", "readers")),
)


@pytest.fixture(scope="session")
async def desk_url(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The desk's database, migrated; every desk empties it."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "0001_desk.py").write_text(_MIGRATION)
    url = await new_database()
    await migrate.upgrade(url, {SCHEMA: folder})
    return url


@pytest.fixture
async def new_desk(desk_url: str) -> AsyncIterator[NewDesk]:
    """`await new_desk("memory")` opens a desk on empty tables; another one on the same tables with `empty=False`."""
    opened: list[tuple[Desk, Bus]] = []

    async def open_desk(kind: str = "memory", *, empty: bool = True) -> Desk:
        desk = Desk(desk_url, kind)
        if empty:
            await desk.as_superuser(f"truncate {', '.join(_TABLES)} restart identity")
        opened.append((desk, desk.bus))
        await desk.database.open()
        await desk.bus.start()
        return desk

    yield open_desk
    for desk, started in opened:
        for bus in dict.fromkeys((started, desk.bus)):  # a test may have given it another one
            await bus.stop()
        await desk.database.close()


@pytest.fixture(params=["memory", "postgres"])
async def desk(request: pytest.FixtureRequest, new_desk: NewDesk) -> Desk:
    """A desk, once on each bus."""
    return await new_desk(request.param)
