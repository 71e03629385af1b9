"""What the backtest service needs from others."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from millrace.backtest.app.evaluate import Stored
from millrace.common.auth.principal import Principal
from millrace.common.kernel.instruments import Instrument


class StrategyRow(NamedTuple):
    """A strategy as its owner has set it up. `num` is 0 for an id that nobody knows."""

    id: UUID
    num: int
    kind: str
    parameters: Mapping[str, Any]


class Strategies(Protocol):
    """Users' strategies and the built-in ones."""

    async def find(self, user: Principal, ref: UUID | int) -> StrategyRow:
        """One of them, by id or number; an id that nobody knows is bound to `hold`, which never trades.

        Raises NOT_FOUND for a number that nobody knows.
        """
        ...

    async def builtin(self, user: Principal, name: str) -> StrategyRow:
        """The built-in strategy of that name, which exists."""
        ...


class Candles(Protocol):
    """The stored market."""

    async def any(self, instrument: Instrument, timeframe: str, start: datetime, end: datetime) -> bool:
        """Whether there is a candle that opened in [`start`, `end`)."""
        ...

    async def read(self, instrument: Instrument, timeframe: str, start: datetime, end: datetime, warmup: int) -> Stored:
        """The candles that opened in [`start`, `end`), and the last `warmup` before them."""
        ...
