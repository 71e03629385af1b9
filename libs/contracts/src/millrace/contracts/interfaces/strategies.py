"""Strategies."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import Field

from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.timeframes import parse_timeframe
from millrace.contracts.canonical.bots import CreateStrategy, ListStrategies, Strategy, UpdateStrategy
from millrace.contracts.canonical.frame import Page
from millrace.contracts.fields import Free, Name, Time, free
from millrace.contracts.interfaces.wire import I, row, symbol
from millrace.contracts.names import Access
from millrace.contracts.spelling import moment
from millrace.contracts.table import Asked, Call, Shape, View

_LONGEST = 2000


class Strategies(Asked):
    """Which strategies."""

    active: bool | None = None
    limit: int = Field(50, ge=1, le=100)


class NewStrategy(Asked):
    """A strategy to be made; it begins inactive.

    `config` is its parameters, and what it trades by: `strategy_type`, `symbols` and `timeframes`.
    """

    name: Name
    description: str = Field("", max_length=_LONGEST)
    config: Free = Field(default_factory=dict)


class SetStrategy(Asked):
    """All that a strategy is: what it was before is gone. What it trades by stays where `config` does not say it."""

    name: Name
    description: str = Field("", max_length=_LONGEST)
    config: Free
    is_active: bool


class Base(Shape):
    """What every answer about a strategy says."""

    id: str
    name: str
    description: str
    is_active: bool


class StrategyItem(Base):
    """A strategy of a list."""

    created_at: Time
    updated_at: Time


class StrategyList(Shape):
    """Some strategies."""

    strategies: list[StrategyItem]


class StrategyMade(Base):
    """A new strategy."""

    config: dict[str, Any]
    created_at: Time


class StrategyChanged(Base):
    """A strategy as it is now."""

    config: dict[str, Any]
    updated_at: Time


def listed(found: Page[Strategy], now: datetime) -> dict[str, Any]:
    """Some strategies."""
    return {"strategies": [{**_base(each), **_made_at(each), **_changed_at(each)} for each in found.items]}


def made(strategy: Strategy, now: datetime) -> dict[str, Any]:
    """A new strategy."""
    return {**_base(strategy), "config": free(strategy.config), **_made_at(strategy)}


def changed(strategy: Strategy, now: datetime) -> dict[str, Any]:
    """A strategy as it is now."""
    return {**_base(strategy), "config": free(strategy.config), **_changed_at(strategy)}


def _base(strategy: Strategy) -> dict[str, Any]:
    return {
        "id": str(strategy.id),
        "name": strategy.name,
        "description": strategy.description,
        "is_active": strategy.is_active,
    }


def _made_at(strategy: Strategy) -> dict[str, str]:
    return {"created_at": moment(strategy.created_at)}


def _changed_at(strategy: Strategy) -> dict[str, str]:
    return {"updated_at": moment(strategy.updated_at)}


def _list(call: Call) -> ListStrategies:
    return ListStrategies(is_active=call.query.active, limit=call.query.limit)


def _create(call: Call) -> CreateStrategy:
    return CreateStrategy(**call.body.model_dump(), **_trades_by(call.body.config), origin=I)


def _update(call: Call) -> UpdateStrategy:
    return UpdateStrategy(id=call.ref("id", "strategy"), **call.body.model_dump(), **_trades_by(call.body.config))


def _trades_by(config: dict[str, Any]) -> dict[str, Any]:
    """What a configuration says under the platform's names or the document's own words, one or a list of them.

    Raises INVALID_SYMBOL and INVALID_TIMEFRAME.
    """
    said = {
        "strategy_type": next(iter(_texts(config, "strategy_type", "type")), None),
        "symbols": _read(symbol, config, "symbols", "symbol"),
        "timeframes": _read(parse_timeframe, config, "timeframes", "timeframe", "interval"),
    }
    return {name: value for name, value in said.items() if value}


def _read(parse: Callable[[str], Any], config: dict[str, Any], *names: str) -> tuple[Any, ...]:
    try:
        return tuple(map(parse, _texts(config, *names)))
    except MillraceError as wrong:  # named as it was written
        said = next(name for name in names if config.get(name))
        wrong.fields = {said: next(iter(wrong.fields.values()), wrong.message)}
        raise


def _texts(config: dict[str, Any], *names: str) -> list[str]:
    told: Any = next((config[name] for name in names if config.get(name)), [])
    listed = told if isinstance(told, list) else [told]
    return listed if all(isinstance(one, str) and one for one in listed) else []


_ALL = "/api/v1/strategies"
ROWS = (
    row("GET", _ALL, "strategies.list", Access.USER, View(_list, listed, StrategyList, query=Strategies)),
    row("POST", _ALL, "strategies.create", Access.TRADER, View(_create, made, StrategyMade, body=NewStrategy)),
    row(
        "PUT",
        f"{_ALL}/{{id}}",
        "strategies.update",
        Access.TRADER,
        View(_update, changed, StrategyChanged, body=SetStrategy),
    ),
)
