"""Bots and strategies."""

from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from millrace.contracts.canonical.frame import Canonical, Listing, Ref
from millrace.contracts.canonical.performance import Metrics
from millrace.contracts.names import Contract

BotStatus = Literal["created", "active", "paused", "stopped"]
BotVerb = Literal["start", "pause", "resume", "stop"]
ZERO = Decimal(0)


class Bot(Canonical):
    """A strategy at work. `profit` is a fraction of `initial_capital`; `spelling` is the symbol as written.

    Amounts are in the pair's quote currency; `given` is the initial capital as it was given in another, `given_in`.
    """

    id: UUID
    num: int = 0
    name: str
    status: BotStatus
    exchange: str
    symbol: str
    spelling: str | None = None
    strategy: str = "hold"
    strategy_id: UUID
    config: dict[str, Any] = Field(default_factory=dict)
    base_name: str = ""
    timeframe: str = "1h"
    accounts: tuple[str, ...] = ()
    trading_mode: Literal["paper", "live"] = "paper"
    risk_mode: str = "balanced"
    initial_capital: Decimal = ZERO
    current_capital: Decimal = ZERO
    total_profit: Decimal = ZERO
    profit: Decimal = ZERO
    given: Decimal | None = None
    given_in: str | None = None
    metrics: dict[str, Any] = Field(default_factory=dict)
    created_at: AwareDatetime
    origin: Contract | None = None


class ListBots(Listing):
    """The caller's bots; for administrators those of `user`, or with `everybody` of all."""

    statuses: tuple[BotStatus, ...] = ()
    exchange: str | None = None
    user: Ref | None = None
    everybody: bool = False


class CreateBot(Canonical):
    """Make a bot. It needs a strategy by id or by name; what is missing gets its default."""

    name: str
    exchange: str | None = None
    symbol: str | None = None
    spelling: str | None = None
    strategy: str | None = None
    strategy_id: Ref | None = None
    config: dict[str, Any] = Field(default_factory=dict)
    base_name: str | None = None
    timeframe: str = "1h"
    trading_mode: Literal["paper", "live"] = "paper"
    risk_mode: str = "balanced"
    initial_capital: Decimal = ZERO
    origin: Contract


class UpdateBot(Canonical):
    """Change what is given; `config` is merged."""

    id: Ref
    name: str | None = None
    config: dict[str, Any] = Field(default_factory=dict)


class ChangeBot(Canonical):
    """Start, pause, resume or stop a bot."""

    id: Ref
    verb: BotVerb


class LinkAccount(Canonical):
    """Connect an exchange account with a bot, or part them."""

    id: Ref
    account_id: Ref


class Strategy(Canonical):
    """Rules for trading. `config` is also called parameters."""

    id: UUID
    num: int
    name: str
    description: str = ""
    strategy_type: str = "custom"
    is_active: bool = False
    is_paper_trading: bool = True
    symbols: tuple[str, ...] = ()
    timeframes: tuple[str, ...] = ()
    config: dict[str, Any] = Field(default_factory=dict)
    risk: dict[str, Any] = Field(default_factory=dict)
    metrics: Metrics = Metrics()
    created_at: AwareDatetime
    updated_at: AwareDatetime
    started_at: AwareDatetime | None = None
    stopped_at: AwareDatetime | None = None
    origin: Contract | None = None


class ListStrategies(Listing):
    """The caller's strategies."""

    is_active: bool | None = None
    strategy_type: str | None = None


class CreateStrategy(Canonical):
    """Make a strategy; it starts inactive."""

    name: str
    description: str = ""
    strategy_type: str = "custom"
    is_paper_trading: bool = True
    symbols: tuple[str, ...] = ()
    timeframes: tuple[str, ...] = ()
    config: dict[str, Any] = Field(default_factory=dict)
    risk: dict[str, Any] = Field(default_factory=dict)
    origin: Contract


class UpdateStrategy(Canonical):
    """Replace what a strategy is; its type, symbols and timeframes stay where nothing is said of them."""

    id: Ref
    name: str
    description: str = ""
    strategy_type: str | None = None
    symbols: tuple[str, ...] | None = None
    timeframes: tuple[str, ...] | None = None
    config: dict[str, Any] = Field(default_factory=dict)
    is_active: bool = False
