"""Plays recorded bars as if they happened now."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from millrace.common.db.work import Works
from millrace.common.kernel import timeframes
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.market import Candle
from millrace.marketdata.app.ports import Candles
from millrace.marketdata.app.publisher import Publisher
from millrace.marketdata.domain.resampling import Resampler, merged

LARGER = ("5s", "15s", "1m", "5m", "15m", "1h", "4h", "1d")
_FEED = "recorded"


class Playback:
    """Each recorded bar becomes a bar of `timeframe` on the grid of the present; four ticks make it on the way."""

    def __init__(
        self,
        works: Works,
        candles: Candles,
        publisher: Publisher,
        clock: Clock,
        timeframe: str,
        tape: Mapping[str, Sequence[Candle]],
        history: int,
    ) -> None:
        self._works = works
        self._candles = candles
        self._publisher = publisher
        self._clock = clock
        self._timeframe = timeframe
        self._tape = tape
        self._history = history
        self._larger = tuple(t for t in LARGER if timeframes.SECONDS[t] > timeframes.SECONDS[timeframe])
        self._resamplers = {symbol: Resampler(self._larger) for symbol in tape}
        self._position = history
        self._length = min(map(len, tape.values()))

    @property
    def offered(self) -> list[str]:
        """The timeframes this market has, smallest first."""
        return [self._timeframe, *self._larger]

    async def prepare(self) -> None:
        """The first time: store the bars before now. Later: go on where the last run stopped."""
        position = await self._candles.position(_FEED)
        now = timeframes.opening(self._clock.now(), self._timeframe)
        if position is not None:
            self._position = position
            return
        for symbol, bars in self._tape.items():
            past = list(self._restamped(bars[: self._history], now - self._history * self._step))
            larger = [big for bar in past for big in self._resamplers[symbol].add(bar)]
            await self._candles.load([*past, *larger])

    @property
    def _step(self) -> timedelta:
        return timeframes.length(self._timeframe)

    def _restamped(self, bars: Sequence[Candle], start: datetime) -> Iterator[Candle]:
        for number, bar in enumerate(bars):
            yield replace(bar, timeframe=self._timeframe, opened_at=start + number * self._step)

    async def run(self) -> None:
        """Play for ever; at the end of the tape it starts again after the history."""
        step = self._step.total_seconds()
        opened_at = timeframes.opening(self._clock.now(), self._timeframe)
        while True:
            opened_at = max(opened_at + self._step, timeframes.opening(self._clock.now(), self._timeframe))
            await self._until(opened_at)
            index = self._index()
            bars = {s: replace(t[index], timeframe=self._timeframe, opened_at=opened_at) for s, t in self._tape.items()}
            for number in range(4):
                await self._until(opened_at, number * step / 4)
                for symbol, bar in bars.items():
                    self._tick(symbol, bar, number)
            await self._until(opened_at, step)
            await self._close(list(bars.values()))

    def _index(self) -> int:
        span = max(self._length - self._history, 1)
        return self._history + (self._position - self._history) % span if self._length > self._history else 0

    async def _until(self, moment: datetime, seconds: float = 0.0) -> None:
        delay = (moment - self._clock.now()).total_seconds() + seconds
        if delay > 0:
            await asyncio.sleep(delay)

    def _tick(self, symbol: str, bar: Candle, number: int) -> None:
        falling = bar.close < bar.open
        path = (bar.open, bar.high, bar.low, bar.close) if falling else (bar.open, bar.low, bar.high, bar.close)
        seen = path[: number + 1]
        forming = replace(bar, high=max(seen), low=min(seen), close=seen[-1], volume=bar.volume * (number + 1) / 4)
        now = self._clock.now()
        self._publisher.price(forming, now)
        for target in self._larger:
            self._publisher.forming(merged(self._resamplers[symbol].open.get(target), forming, target), now)

    async def _close(self, bars: Sequence[Candle]) -> None:
        closed = [c for bar in bars for c in (bar, *self._resamplers[bar.symbol].add(bar))]
        async with self._works.begin() as work:
            await self._publisher.closed(closed, work)
            await self._candles.move(work, _FEED, self._position + 1)
        self._position += 1
