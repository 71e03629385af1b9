"""Backtests, learned models, background jobs and the cache."""

from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from millrace.common.events.trading import Side
from millrace.contracts.canonical.frame import Canonical, Listing, Ref
from millrace.contracts.canonical.performance import Simulated
from millrace.contracts.names import Contract

ZERO = Decimal(0)
BacktestStatus = Literal["queued", "running", "completed", "failed", "cancelled"]


class EquityPoint(Canonical):
    """What a backtest was worth; `drawdown` is a fraction, 0 or more."""

    at: AwareDatetime
    equity: Decimal
    drawdown: Decimal = ZERO


class RoundTrip(Canonical):
    """A trade of a backtest from entry to exit; `fraction` is `pnl` over what was paid."""

    entry_at: AwareDatetime
    exit_at: AwareDatetime
    symbol: str
    side: Side
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    pnl: Decimal
    fraction: Decimal
    commission: Decimal = ZERO


class Backtest(Canonical):
    """A strategy against the past. `progress` is a fraction; results are there once it is completed."""

    id: UUID
    num: int
    name: str = ""
    strategy_id: UUID
    strategy_num: int
    symbols: tuple[str, ...]
    timeframes: tuple[str, ...] = ("1h",)
    start: AwareDatetime
    end: AwareDatetime
    initial_capital: Decimal
    final_capital: Decimal = ZERO
    status: BacktestStatus = "queued"
    progress: Decimal = ZERO
    estimated_duration: str = "1 minute"
    metrics: Simulated = Simulated()
    equity_curve: tuple[EquityPoint, ...] = ()
    trades: tuple[RoundTrip, ...] = ()
    created_at: AwareDatetime
    completed_at: AwareDatetime | None = None
    error: str | None = None
    origin: Contract | None = None


class CreateBacktest(Canonical):
    """Run a strategy against the past. Rates are fractions of the notional; `mode` sizes its orders."""

    name: str = ""
    strategy_id: Ref
    symbols: tuple[str, ...]
    timeframes: tuple[str, ...] = ("1h",)
    start: AwareDatetime
    end: AwareDatetime
    initial_capital: Decimal
    mode: str = "percent_equity"
    commission: Decimal = Decimal("0.001")
    slippage_model: str = "fixed"
    slippage: Decimal = ZERO
    market_impact: bool = False
    origin: Contract


class ListBacktests(Listing):
    """The caller's backtests, newest first."""

    statuses: tuple[BacktestStatus, ...] = ()
    strategy_id: Ref | None = None


class Model(Canonical):
    """A learned model; its scores are fractions."""

    id: UUID
    num: int
    name: str
    model_type: str
    symbol: str
    timeframe: str
    version: str = "1.0"
    is_active: bool = False
    validation_score: Decimal = ZERO
    test_score: Decimal = ZERO
    features: tuple[str, ...] = ()
    created_at: AwareDatetime
    updated_at: AwareDatetime


class ListModels(Listing):
    """The models there are."""

    symbol: str | None = None
    model_type: str | None = None
    is_active: bool | None = None


class Prediction(Canonical):
    """What a model said of `at`. `error` = actual - predicted, both missing until `at` has passed."""

    id: UUID
    num: int
    model_id: UUID
    model_num: int
    symbol: str
    exchange: str = ""
    prediction_type: str
    predicted: Decimal
    confidence: Decimal
    actual: Decimal | None = None
    error: Decimal | None = None
    at: AwareDatetime
    created_at: AwareDatetime


class Predictions(Canonical):
    """Predictions, newest first, and how good all that were asked for are: one fraction, two amounts."""

    items: tuple[Prediction, ...] = ()
    directional_accuracy: Decimal = ZERO
    mean_absolute_error: Decimal = ZERO
    root_mean_square_error: Decimal = ZERO


class ListPredictions(Listing):
    """What models said."""

    symbol: str | None = None
    model_id: Ref | None = None
    prediction_type: str | None = None
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None


class TrainModel(Canonical):
    """Learn a model anew; the last `validation_split` of the stretch is kept for validation."""

    id: Ref
    start: AwareDatetime
    end: AwareDatetime
    validation_split: Decimal = Decimal("0.2")
    hyperparameters: dict[str, Any] = Field(default_factory=dict)


class Training(Canonical):
    """A training that was started."""

    id: str
    model_id: UUID
    model_num: int
    status: str = "started"
    estimated_duration: str = "1 minute"
    started_at: AwareDatetime


class Job(Canonical):
    """Work in the background."""

    id: UUID
    name: str
    status: Literal["pending", "running", "completed", "failed"] = "pending"
    created_at: AwareDatetime


class CreateJob(Canonical):
    """Have some work done in the background."""

    name: str
    args: dict[str, Any] = Field(default_factory=dict)
    priority: str = "normal"
    max_retries: int = 3


class Jobs(Canonical):
    """The queue and who works on it."""

    running: bool
    scheduler_enabled: bool = True
    scheduler_running: bool = True
    workers: int = 0
    workers_active: int = 0
    pending: int = 0
    in_progress: int = 0
    completed: int = 0
    failed: int = 0


class Cache(Canonical):
    """The disposable store: Redis, or the built-in one with a version of its own. Rates are fractions."""

    connected: bool
    version: str
    keys: int = 0
    memory_bytes: int = 0
    hit_rate: Decimal = ZERO
    miss_rate: Decimal = ZERO


class DeleteKeys(Canonical):
    """Forget cached keys."""

    pattern: str


class KeysDeleted(Canonical):
    """How many keys of a pattern were forgotten."""

    pattern: str
    count: int
