"""Applies what a service hears: a whole poll in one transaction, each message once, in order per key.

When a poll fails, its messages are applied one by one, which finds the poison. A message that fails five times is
parked together with all later ones of its key, so that order is kept; `redrive` applies them again. A lost database
or bus is not the message's fault: it is waited for. A reader that fails several times in a row is made anew, because
one may be broken for good.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import structlog

from millrace.common.bus.port import Bus, BusUnavailable, Place, ReaderMoved, Record, Subscription
from millrace.common.db.database import RETRYABLE
from millrace.common.db.work import Fenced, Work, Works, accept
from millrace.common.events.envelope import BrokenEnvelope, Envelope
from millrace.common.events.message import REGISTRY, Event, Message, UnknownEvent, decode
from millrace.common.events.topics import CATALOGUE
from millrace.common.runtime.clocks import MessageClock
from millrace.common.runtime.deadletters import DeadLetters
from millrace.common.runtime.service import Concern, Handler, Prepare
from millrace.common.telemetry import metrics, tracing

log = structlog.get_logger()

T = TypeVar("T")

_TRIES = (0.05, 0.2, 0.5, 1.0)
_WAIT_SECONDS = 1.0
_LOOK_SECONDS = 1.0  # how often to ask for messages that an operator wants applied again
_JOIN_SECONDS = 60.0
_LEAVE_SECONDS = 5.0
_FAILURES = 3  # of the bus in a row, until its reader is given up
_PASSING: tuple[type[Exception], ...] = (*RETRYABLE, ReaderMoved)
_NOT_ITS_FAULT: tuple[type[Exception], ...] = (*_PASSING, Fenced)


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
        prepare: Mapping[type[Event], Prepare] | None = None,
        concerns: Mapping[type[Event], Concern] | None = None,
        clock: MessageClock | None = None,
        batch: int = 500,
    ) -> None:
        self.name = name
        self._routes = {kind.type: handler for kind, handler in routes.items()}
        self._prepare = prepare or {}
        self._concerns = {kind.type: concern for kind, concern in (concerns or {}).items()}
        self._topics = topics
        self._works = works
        self._bus = bus
        self._clock = clock
        self._batch = batch
        self._joins = bus.features.joins_transaction
        self._dead = DeadLetters(name, works)
        self._looked = 0.0
        self._waiting: asyncio.Timeout | None = None
        self._renewing = False
        self.subscription: Subscription | None = None
        self.applying = False
        self.applied = 0
        self.interruptions = 0
        self.stopping = False

    def stop(self) -> None:
        """Finish the batch in hand and leave; a poll that waits ends at once."""
        self.stopping = True
        self._interrupt()

    def renew(self) -> None:
        """Leave the group after the batch in hand and join it anew."""
        self._renewing = True
        self._interrupt()

    def _interrupt(self) -> None:
        if self._waiting is not None and not self._waiting.expired():
            self._waiting.reschedule(asyncio.get_running_loop().time())

    async def _unless_interrupted(self, action: Callable[[], Awaitable[T]]) -> T | None:
        if self.stopping or self._renewing:
            return None
        try:
            async with asyncio.timeout(None) as self._waiting:
                return await action()
        except TimeoutError:
            if self._waiting is None or not self._waiting.expired():
                raise
            return None
        finally:
            self._waiting = None

    async def run(self) -> None:
        """Consume until `stop`; a broken connection is waited for. Raises what no waiting can mend."""
        delay, failures = 0.05, 0
        while not self.stopping:
            try:
                if self.subscription is None:
                    self.subscription = await self._unless_interrupted(self._join)
                if self.subscription is not None:
                    await self.step(self.subscription)
                delay, failures = 0.05, 0
            except _PASSING as problem:
                self.interruptions += 1
                failures += isinstance(problem, BusUnavailable)
                log.warning("reading again", service=self.name, error=repr(problem))
                await self._unless_interrupted(partial(asyncio.sleep, delay))
                delay = min(delay * 2, 2.0)
                await self._rewind()
            if failures >= _FAILURES and self.subscription is not None:
                failures = 0
                metrics.BUS_RENEWALS.labels(self.name).inc()
                self._renewing = True
            if self._renewing:
                await self._leave()
        await self._leave()

    async def _join(self) -> Subscription:
        async with asyncio.timeout(_JOIN_SECONDS):
            return await self._bus.subscribe(self.name, list(self._topics))

    async def _leave(self) -> None:
        self._renewing = False
        subscription, self.subscription = self.subscription, None
        if subscription is None:
            return
        try:
            async with asyncio.timeout(_LEAVE_SECONDS):
                await subscription.close()
        except Exception as problem:
            log.warning("left without a word", service=self.name, error=repr(problem))

    async def _rewind(self) -> None:
        try:
            if self.subscription is not None:
                await self.subscription.rewind()
        except RETRYABLE as problem:
            log.warning("cannot rewind yet", service=self.name, error=repr(problem))

    async def step(self, subscription: Subscription, wait: float = _WAIT_SECONDS) -> int:
        """One poll and its application; returns how many records it held."""
        await self._redrive()
        records = await self._unless_interrupted(lambda: subscription.poll(self._batch, wait))
        if not records:
            return 0
        self.applying = True
        try:
            await self._apply(subscription, records)
        finally:
            self.applied += len(records)
            self.applying = False
        return len(records)

    async def _redrive(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._looked < _LOOK_SECONDS:
            return
        while not self.stopping and await self._dead.redrive(self._route):
            pass
        self._looked = now

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
        wanted = [(r.place.topic, m) for r in records if (m := self._wanted(r)) is not None]
        if wanted:
            with tracing.processing(self.name, _readable(records)):
                async with self._works.begin() as work:
                    said = [(topic, message.envelope) for topic, message in wanted]
                    await self._handle(work, wanted, await subscription.accept(work, said, _after(records)))
            if not self._joins:
                await subscription.commit(_after(records))
        else:
            await subscription.pass_over(_after(records))
        for topic, count in Counter(record.place.topic for record in records).items():
            metrics.BUS_CONSUMED.labels(self.name, topic, "applied").inc(count)

    async def _handle(self, work: Work, messages: Sequence[tuple[str, Message[Any]]], fresh: dict[UUID, bool]) -> None:
        for kind, prepare in self._prepare.items():
            if found := [m for _, m in messages if type(m.event) is kind and fresh.get(m.id) is False]:
                await prepare(work, found)
        for topic, message in messages:
            if (blocked := fresh.pop(message.id, None)) is None:
                continue
            if blocked:
                await self._dead.park(work, topic, message.envelope, "an earlier message of this key is parked")
            else:
                await self._route(work, message)

    def _wanted(self, record: Record) -> Message[Any] | None:
        envelope = record.envelope
        if isinstance(envelope, BrokenEnvelope):
            raise envelope
        stage = self._topics.get(record.place.topic, 0)
        if envelope.stage and envelope.stage != stage:
            return None
        if envelope.type not in REGISTRY:
            raise UnknownEvent(f"unknown event type {envelope.type!r}")
        if envelope.type not in self._routes:
            return None
        message: Message[Any] = decode(envelope)
        concern = self._concerns.get(envelope.type)
        return message if concern is None or concern(message.event) else None

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
            elif isinstance(record.envelope, Envelope):
                await accept(work, [(topic, record.envelope)])
            if self._joins:
                await subscription.commit(_after([record]), work)
        if not self._joins:
            await subscription.commit(_after([record]))
        outcome = "dropped" if dropped else "parked"
        metrics.BUS_CONSUMED.labels(self.name, topic, outcome).inc()
        metrics.BUS_DEAD_LETTERS.labels(self.name, topic, outcome).inc()


def _readable(records: Sequence[Record]) -> Iterator[tuple[str, Envelope]]:
    return ((r.place.topic, r.envelope) for r in records if isinstance(r.envelope, Envelope))


def _after(records: Sequence[Record]) -> dict[Place, int]:
    return {record.place: record.position + 1 for record in records}
