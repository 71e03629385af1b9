"""Notices a reader that stands still while messages wait for it.

A Kafka consumer may stop reading without any error (aio-libs/aiokafka#1037), and a process that looks alive would then
do nothing for ever. The reader is given up and made anew; when that does not help, the process has to be.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from millrace.common.bus.port import Place, Standing
from millrace.common.runtime.consumer import Consumer
from millrace.common.telemetry import metrics

log = structlog.get_logger()

_ASK_SECONDS = 10.0
_RENEWALS = 3


class ReaderStalled(RuntimeError):
    """A reader stands still though it was made anew several times."""


class Watchdog:
    """Watches one consumer. `stall_seconds`: how long a place may stand still while messages wait there."""

    def __init__(
        self, consumer: Consumer, *, stall_seconds: float = 30.0, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._consumer = consumer
        self._stall = stall_seconds
        self._now = now
        self._since: dict[Place, tuple[int, float]] = {}
        self._interruptions = 0
        self._renewals = 0
        self._stuck: dict[Place, int] = {}

    async def run(self) -> None:
        """Look again and again. Raises `ReaderStalled` when making the reader anew does not help."""
        while True:
            await asyncio.sleep(self._stall / 6)
            await self.look()

    async def look(self) -> None:
        """Look once: note the lag, and renew the reader when a place has stood still for too long."""
        standings = await self._standings()
        if self._consumer.interruptions != self._interruptions:  # it waits for the database or the bus, and says so
            self._interruptions = self._consumer.interruptions
            self._since.clear()
        metrics.BUS_LAG.labels(self._consumer.name).set(sum(s.end - s.committed for s in standings.values()))
        if not any(_stands(standings.get(place), at) for place, at in self._stuck.items()):
            self._stuck, self._renewals = {}, 0
        now = self._now()
        before, self._since = self._since, {}
        for place, standing in standings.items():
            at, since = before.get(place, (-1, now))
            self._since[place] = standing.committed, since if _stands(standing, at) else now
        if stuck := {place: at for place, (at, since) in self._since.items() if now - since >= self._stall}:
            self._renew(stuck)

    async def _standings(self) -> dict[Place, Standing]:
        subscription = self._consumer.subscription
        if subscription is None:
            return {}
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                return await subscription.standings()
        except Exception as problem:  # then nothing can be said about the reader
            log.warning("cannot see how far a reader is", service=self._consumer.name, error=repr(problem))
            return {}

    def _renew(self, stuck: dict[Place, int]) -> None:
        name, places = self._consumer.name, [f"{place.topic}/{place.partition}" for place in stuck]
        if self._renewals == _RENEWALS:
            raise ReaderStalled(f"{name} stands still at {', '.join(places)}")
        log.error("a reader stands still and is made anew", service=name, places=places)
        metrics.BUS_RENEWALS.labels(name).inc()
        self._renewals += 1
        self._stuck = stuck
        self._since.clear()
        self._consumer.renew()


def _stands(standing: Standing | None, at: int) -> bool:
    return standing is not None and standing.committed == at < standing.end
