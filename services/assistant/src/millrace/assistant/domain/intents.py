"""What a message may ask for."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Topic = Literal[
    "help", "hello", "thanks", "status", "bots", "profit", "balance", "positions", "orders", "trades", "risk", "price"
]
Period = Literal["day", "24h", "7d", "30d", "1y", "all"]
Verb = Literal["start", "pause", "resume", "stop"]
LimitName = Literal[
    "max_position_value", "max_daily_loss", "max_daily_loss_fraction", "max_drawdown", "max_open_orders"
]


@dataclass(frozen=True, slots=True)
class Ask:
    """A question. `said` is the message, in which bots may be named; `sure` when every word of it was understood."""

    topic: Topic
    said: str = ""
    period: Period = "day"
    symbol: str | None = None
    sure: bool = True


@dataclass(frozen=True, slots=True)
class MoveBots:
    """Bots are to be started, paused, resumed or stopped: those that `said` names, or all."""

    verb: Verb
    said: str
    every: bool = False


@dataclass(frozen=True, slots=True)
class CancelOrders:
    """Open orders are to be cancelled: those with these numbers, or all, of one pair or of every one."""

    numbers: tuple[int, ...] = ()
    every: bool = False
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeLimit:
    """A limit is to be set; fractions are 0.05 for 5 %. Without a limit or a value it was not said."""

    limit: LimitName | None
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class ThrowSwitch:
    """The user's kill switch is to be thrown or released."""

    on: bool


@dataclass(frozen=True, slots=True)
class Trade:
    """An order: `quantity` of the base currency, or as much as `funds` of the quote currency buy. Without a price at
    market. What was not said is None."""

    side: Literal["buy", "sell"]
    symbol: str | None
    quantity: Decimal | None = None
    funds: Decimal | None = None
    price: Decimal | None = None
    exchange: str | None = None


@dataclass(frozen=True, slots=True)
class Confirm:
    """The user agrees; `token` where it was typed."""

    token: str | None = None


@dataclass(frozen=True, slots=True)
class Decline:
    """The user does not want what was proposed, or forbids something."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nothing that the rules understand."""


Wish = MoveBots | CancelOrders | ChangeLimit | ThrowSwitch | Trade
"""What changes something, and so needs a confirmation."""
Intent = Ask | Wish | Confirm | Decline | Unclear
