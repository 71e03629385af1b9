"""Keeps lossy messages to a bounded rate: the first goes at once, of those that follow too soon only the latest."""

import asyncio
from collections.abc import Callable, Hashable

from millrace.common.kernel.clock import Clock

Send = Callable[[], None]


class Conflation:
    """Lets each key speak at most every `every` seconds; nothing waits for longer than twice that."""

    def __init__(self, clock: Clock, every: float) -> None:
        self.dropped = 0
        self._clock = clock
        self._every = every
        self._free_at: dict[Hashable, float] = {}
        self._waiting: dict[Hashable, Send] = {}

    def offer(self, key: Hashable, send: Send) -> None:
        """Send now, or when the key may speak again unless something newer comes."""
        if self._clock.monotonic() >= self._free_at.get(key, 0.0):
            self._waiting.pop(key, None)
            self._speak(key, send)
        else:
            self.dropped += key in self._waiting
            self._waiting[key] = send

    def flush(self) -> None:
        """Send what may be sent by now."""
        now = self._clock.monotonic()
        for key in [key for key in self._waiting if self._free_at[key] <= now]:
            self._speak(key, self._waiting.pop(key))

    async def run(self) -> None:
        """Flush for ever."""
        while True:
            await asyncio.sleep(self._every)
            self.flush()

    def _speak(self, key: Hashable, send: Send) -> None:
        self._free_at[key] = self._clock.monotonic() + self._every
        send()
