"""Strategies."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from millrace.common.kernel.timeframes import parse_timeframe
from millrace.contracts.canonical.bots import CreateStrategy, ListStrategies, Strategy
from millrace.contracts.canonical.frame import MOST, ById, Page
from millrace.contracts.crypto.wire import CRYPTO, Counted, Free, SymbolText, numbers
from millrace.contracts.names import Access
from millrace.contracts.spelling import Number, canonical_symbol, falling, joined, moment, percent, ratio
from millrace.contracts.table import Asked, Call, Row, Shape, View

Timeframes = Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=20)]


class StrategiesQuery(Asked):
    """Which strategies."""

    is_active: bool | None = None
    strategy_type: str | None = Field(None, min_length=1, max_length=60)


class RiskParameters(Asked):
    """Its own limits: an amount, and a fraction."""

    max_position_size: Annotated[Number, Field(ge=0)] | None = None
    max_drawdown: Annotated[Number, Field(ge=0, le=1)] | None = None


class NewStrategy(Asked):
    """A strategy to be made; it starts inactive."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    description: str = Field("", max_length=2000)
    strategy_type: str = Field("custom", min_length=1, max_length=60)
    symbols: list[SymbolText] = Field(default_factory=list, max_length=50)
    timeframes: Timeframes = Field(default_factory=list)
    parameters: Free = Field(default_factory=dict)
    risk_parameters: RiskParameters | None = None
    is_paper_trading: bool = True


class StrategyPerformance(Shape):
    """Percents as text; the drawdown at or below zero."""

    total_return: str
    sharpe_ratio: str
    max_drawdown: str
    win_rate: str


class MadeStrategy(Shape):
    """A strategy that was just made."""

    id: int
    name: str
    description: str
    strategy_type: str
    is_active: bool
    is_paper_trading: bool
    symbols: list[str]
    timeframes: list[str]
    parameters: dict[str, Any]
    created_at: str


class ListedStrategy(MadeStrategy):
    """A strategy and how it does."""

    performance: StrategyPerformance
    updated_at: str


class Strategies(Counted):
    """The caller's strategies."""

    strategies: list[ListedStrategy]


class Started(Shape):
    """It runs from now on."""

    strategy_id: int
    status: Literal["started"]
    message: str
    started_at: str


class Stopped(Shape):
    """It does not run any more."""

    strategy_id: int
    status: Literal["stopped"]
    message: str
    stopped_at: str
    started_at: str | None = None


def _list(call: Call) -> ListStrategies:
    asked: StrategiesQuery = call.query
    return ListStrategies(is_active=asked.is_active, strategy_type=asked.strategy_type, limit=MOST)


def _create(call: Call) -> CreateStrategy:
    said: NewStrategy = call.body
    risk = said.risk_parameters.model_dump(exclude_none=True) if said.risk_parameters else {}
    return CreateStrategy(
        name=said.name,
        description=said.description,
        strategy_type=said.strategy_type,
        is_paper_trading=said.is_paper_trading,
        symbols=tuple(canonical_symbol(symbol) for symbol in said.symbols),
        timeframes=tuple(parse_timeframe(word) for word in said.timeframes),
        config=said.parameters,
        risk=risk,
        origin=CRYPTO,
    )


def _by_id(call: Call) -> ById:
    return ById(id=call.ref("strategy_id"))


def _made(strategy: Strategy, now: datetime) -> dict[str, Any]:
    return {
        "id": strategy.num,
        "name": strategy.name,
        "description": strategy.description,
        "strategy_type": strategy.strategy_type,
        "is_active": strategy.is_active,
        "is_paper_trading": strategy.is_paper_trading,
        "symbols": [joined(symbol) for symbol in strategy.symbols],
        "timeframes": list(strategy.timeframes),
        "parameters": numbers(strategy.config),
        "created_at": moment(strategy.created_at),
    }


def _listed(strategy: Strategy, now: datetime) -> dict[str, Any]:
    did = strategy.metrics
    performance = {
        "total_return": ratio(percent(did.total_return)),
        "sharpe_ratio": ratio(did.sharpe_ratio),
        "max_drawdown": ratio(falling(did.max_drawdown)),
        "win_rate": ratio(percent(did.win_rate)),
    }
    return {**_made(strategy, now), "performance": performance, "updated_at": moment(strategy.updated_at)}


def _show_list(found: Page[Strategy], now: datetime) -> dict[str, Any]:
    return {"strategies": [_listed(each, now) for each in found.items], "count": len(found.items)}


def _started(strategy: Strategy, now: datetime) -> dict[str, Any]:
    return {
        "strategy_id": strategy.num,
        "status": "started",
        "message": "Strategy started successfully",
        "started_at": moment(strategy.started_at or now),
    }


def _stopped(strategy: Strategy, now: datetime) -> dict[str, Any]:
    shown = {
        "strategy_id": strategy.num,
        "status": "stopped",
        "message": "Strategy stopped successfully",
        "stopped_at": moment(strategy.stopped_at or now),
    }
    return shown | ({"started_at": moment(strategy.started_at)} if strategy.started_at else {})


def _row(method: str, path: str, operation: str, access: Access, view: View) -> Row:
    return Row(method, f"/api/v1/strategies{path}", CRYPTO, operation, access, view, category="strategies")


ROWS = (
    _row("GET", "", "strategies.list", Access.USER, View(_list, _show_list, Strategies, query=StrategiesQuery)),
    _row("POST", "", "strategies.create", Access.TRADER, View(_create, _made, MadeStrategy, 201, body=NewStrategy)),
    _row("POST", "/{strategy_id}/start", "strategies.start", Access.TRADER, View(_by_id, _started, Started)),
    _row("POST", "/{strategy_id}/stop", "strategies.stop", Access.TRADER, View(_by_id, _stopped, Stopped)),
)
