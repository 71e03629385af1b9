"""Applies what a service hears: a whole poll in one transaction, each message once, in order per key.

When a poll fails, its messages are applied one by one, which finds the poison. A message that fails five times is
parked together with all later ones of its key, so that order is kept; `redrive` applies them again. A lost database
or bus is not the message's fault: it is waited for.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from millrace.common.bus.port import Bus, Place, ReaderMoved, Record, Subscription
from millrace.common.db.database import RETRYABLE
from millrace.common.db.work import Work, Works, accept
from millrace.common.events.envelope import BrokenEnvelope, Envelope
from millrace.common.events.message import REGISTRY, Event, Message, UnknownEvent, decode
from millrace.common.events.topics import CATALOGUE
from millrace.common.runtime.clocks import MessageClock
from millrace.common.runtime.deadletters import DeadLetters
from millrace.common.runtime.service import Handler
from millrace.common.telemetry import metrics

log = structlog.get_logger()

_TRIES = (0.05, 0.2, 0.5, 1.0)
_WAIT_SECONDS = 1.0
_NOT_ITS_FAULT: tuple[type[Exception], ...] = (*RETRYABLE, ReaderMoved)


class Consumer:
    """One service's reading of its durable topics."""

    def __init__(
        self,
        name: str,
        routes: Mapping[type[Event], Handler],
        topics: Mapping[str, int],
        works: Works,
        bus: Bus,
        *,
        clock: MessageClock | None = None,
        batch: int = 500,
    ) -> None:
        self.name = name
        self._routes = {kind.type: handler for kind, handler in routes.items()}
        self._topics = topics
        self._works = works
        self._bus = bus
        self._clock = clock
        self._batch = batch
        self._joins = bus.features.joins_transaction
        self._dead = DeadLetters(name, works)
        self.subscription: Subscription | None = None
        self.applying = False
        self.applied = 0
        self.stopping = False

    async def run(self) -> None:
        """Consume until `stopping` is set; a broken connection is waited for."""
        await self._dead.load()
        delay = 0.05
        while not self.stopping:
            try:
                if self.subscription is None:
                    self.subscription = await self._bus.subscribe(self.name, list(self._topics))
                await self.step(self.subscription)
                delay = 0.05
            except ReaderMoved as moved:
                log.warning("reading again", service=self.name, reason=str(moved))
                await self._rewind()
            except RETRYABLE as problem:
                log.warning("waiting to consume", service=self.name, error=repr(problem))
                await asyncio.sleep(delay)
                delay = min(delay * 2, 2.0)
                await self._rewind()
        if self.subscription is not None:
            await self.subscription.close()

    async def _rewind(self) -> None:
        try:
            if self.subscription is not None:
                await self.subscription.rewind()
        except RETRYABLE as problem:
            log.warning("cannot rewind yet", service=self.name, error=repr(problem))

    async def step(self, subscription: Subscription, wait: float = _WAIT_SECONDS) -> int:
        """One poll and its application; returns how many records it held."""
        if self._dead.redrive_due():
            await self._dead.redrive(self._route)
        records = await subscription.poll(self._batch, wait)
        if not records:
            return 0
        self.applying = True
        try:
            await self._apply(subscription, records)
        finally:
            self.applied += len(records)
            self.applying = False
        return len(records)

    async def _apply(self, subscription: Subscription, records: Sequence[Record]) -> None:
        try:
            await self._together(subscription, records)
        except _NOT_ITS_FAULT:
            raise
        except Exception as problem:
            if len(records) > 1:
                log.info("applying one by one", service=self.name, error=repr(problem))
            for record in records:
                await self._alone(subscription, record)

    async def _together(self, subscription: Subscription, records: Sequence[Record]) -> None:
        async with self._works.begin() as work:
            await self._handle(work, records)
            if self._joins:
                await subscription.commit(_after(records), work.connection)
        if not self._joins:
            await subscription.commit(_after(records))
        for record in records:
            metrics.BUS_CONSUMED.labels(self.name, record.place.topic, "applied").inc()

    async def _handle(self, work: Work, records: Sequence[Record]) -> None:
        wanted = [(r.place.topic, e) for r in records if (e := self._wanted(r)) is not None]
        messages = [(topic, decode(envelope)) for topic, envelope in wanted]
        fresh = await accept(work, wanted) if wanted else set()
        for topic, message in messages:
            if message.id not in fresh:
                continue
            fresh.discard(message.id)
            if self._dead.blocks(topic, message.envelope.key):
                await self._dead.park(work, topic, message.envelope, "an earlier message of this key is parked")
            else:
                await self._route(work, message)

    def _wanted(self, record: Record) -> Envelope | None:
        envelope = record.envelope
        if isinstance(envelope, BrokenEnvelope):
            raise envelope
        stage = self._topics.get(record.place.topic, 0)
        if envelope.stage and envelope.stage != stage:
            return None
        if envelope.type not in REGISTRY:
            raise UnknownEvent(f"unknown event type {envelope.type!r}")
        return envelope if envelope.type in self._routes else None

    async def _route(self, work: Work, message: Message[Any]) -> None:
        if self._clock is not None:
            self._clock.see(message.at)
        await self._routes[message.envelope.type](work, message)

    async def _alone(self, subscription: Subscription, record: Record) -> None:
        error: Exception | None = None
        for delay in (0.0, *_TRIES):
            await asyncio.sleep(delay)
            try:
                await self._together(subscription, [record])
                return
            except _NOT_ITS_FAULT:
                raise
            except Exception as problem:
                error = problem
                if isinstance(problem, BrokenEnvelope | UnknownEvent):
                    break
        await self._give_up(subscription, record, error)

    async def _give_up(self, subscription: Subscription, record: Record, error: Exception | None) -> None:
        topic = record.place.topic
        dropped = CATALOGUE[topic].drop_poison
        log.error("poison message", service=self.name, topic=topic, position=record.position, error=repr(error))
        async with self._works.begin() as work:
            if not dropped:
                await self._dead.park_record(work, record, repr(error))
            if self._joins:
                await subscription.commit(_after([record]), work.connection)
        if not self._joins:
            await subscription.commit(_after([record]))
        outcome = "dropped" if dropped else "parked"
        metrics.BUS_CONSUMED.labels(self.name, topic, outcome).inc()
        metrics.BUS_DEAD_LETTERS.labels(self.name, topic, outcome).inc()


def _after(records: Sequence[Record]) -> dict[Place, int]:
    return {record.place: record.position + 1 for record in records}
