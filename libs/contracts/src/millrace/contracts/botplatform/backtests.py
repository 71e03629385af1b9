"""Backtests."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from millrace.common.kernel.errors import Code
from millrace.contracts.botplatform.wire import Amount, B, Id, Paged, Paging, nothing, page, refused, row, symbol
from millrace.contracts.canonical.frame import ById, Page
from millrace.contracts.canonical.performance import Metrics
from millrace.contracts.canonical.research import Backtest, CreateBacktest, EquityPoint, ListBacktests
from millrace.contracts.fields import RefText, Spoken, SymbolText, Time
from millrace.contracts.names import Access
from millrace.contracts.spelling import Moment, Number, fixed, moment, percent, ratio
from millrace.contracts.table import Asked, Call, Shape, View
from millrace.contracts.vocab import BACKTEST_STATUS, Vocabulary

StatusWord = Literal["running", "completed", "failed", "cancelled"]
_MODES = ("percent_equity", "fixed_amount", "fixed_quantity")
_MODELS = ("none", "fixed", "percent", "volume")
MODE = Vocabulary("mode", _MODES, {B: {mode: mode.upper() for mode in _MODES}})
SLIPPAGE = Vocabulary("slippage_model", _MODELS, {B: {model: model.upper() for model in _MODELS}})
Fraction = Annotated[Number, Field(ge=0, le=Decimal("0.1"))]


class Costs(Asked):
    """How a backtest trades. Rates are fractions; `slippage` is that of a model other than NONE."""

    initial_capital: Annotated[Number, Field(gt=0, le=Decimal(10**12))] = Decimal(10_000)
    mode: Annotated[str, Spoken(MODE, B)] = "PERCENT_EQUITY"
    commission_rate: Fraction = Decimal("0.001")
    slippage_model: Annotated[str, Spoken(SLIPPAGE, B)] = "FIXED"
    slippage: Fraction = Decimal("0.0005")


class NewBacktest(Asked):
    """A strategy against the past, from `start_date` up to and without `end_date`."""

    strategy_id: RefText
    symbol: SymbolText
    start_date: Moment
    end_date: Moment
    config: Costs = Costs()


class Backtests(Paging):
    """Which backtests."""

    status: Annotated[str, Spoken(BACKTEST_STATUS, B)] | None = None
    strategy_id: RefText | None = None


class BacktestMade(Shape):
    """A backtest that was taken on."""

    id: Id
    strategy_id: Id
    status: StatusWord
    progress_percent: int
    created_at: Time


class BacktestPage(Paged):
    """Some backtests."""

    items: list[BacktestMade]


class Results(Shape):
    """What came of it: returns, drawdown (above zero) and win rate in percent, ratios as they are."""

    total_return: Amount
    sharpe_ratio: Amount
    sortino_ratio: Amount
    max_drawdown: Amount
    win_rate: Amount
    profit_factor: Amount
    total_trades: int


class Point(Shape):
    """What it was worth; `drawdown` in percent, above zero."""

    timestamp: Time
    equity: Amount
    drawdown: Amount


class BacktestBody(Shape):
    """How far it is; what is optional comes with its end."""

    id: Id
    status: StatusWord
    progress_percent: int
    results: Results | None = None
    equity_curve: list[Point] | None = None
    completed_at: Time | None = None


def made(backtest: Backtest, now: datetime) -> dict[str, Any]:
    """A backtest that was taken on."""
    return {**_state(backtest), "strategy_id": str(backtest.strategy_id), "created_at": moment(backtest.created_at)}


def listed(found: Page[Backtest], now: datetime) -> dict[str, Any]:
    """Some backtests."""
    return page(found, lambda backtest: made(backtest, now))


def shown(backtest: Backtest, now: datetime) -> dict[str, Any]:
    """How far it is, and what came of it once it is completed."""
    body = _state(backtest)
    if backtest.status == "completed":
        body |= {"results": _results(backtest.metrics), "equity_curve": [_point(at) for at in backtest.equity_curve]}
    if backtest.completed_at:
        body["completed_at"] = moment(backtest.completed_at)
    return body


def _state(backtest: Backtest) -> dict[str, Any]:
    return {
        "id": str(backtest.id),
        "status": BACKTEST_STATUS.say(backtest.status, B),
        "progress_percent": int(percent(backtest.progress)),
    }


def _results(metrics: Metrics) -> dict[str, Any]:
    return {
        "total_return": ratio(percent(metrics.total_return)),
        "sharpe_ratio": ratio(metrics.sharpe_ratio),
        "sortino_ratio": ratio(metrics.sortino_ratio),
        "max_drawdown": ratio(percent(metrics.max_drawdown)),
        "win_rate": ratio(percent(metrics.win_rate)),
        "profit_factor": ratio(metrics.profit_factor),
        "total_trades": metrics.total_trades,
    }


def _point(point: EquityPoint) -> dict[str, str]:
    return {
        "timestamp": moment(point.at),
        "equity": fixed(point.equity),
        "drawdown": ratio(percent(point.drawdown)),
    }


def _create(call: Call) -> CreateBacktest:
    asked: NewBacktest = call.body
    if asked.end_date <= asked.start_date:
        reason = "must be after start_date"
        raise refused(Code.INVALID_DATE_RANGE, f"end_date {reason}", "end_date", reason)
    costs = asked.config
    model = SLIPPAGE.read(costs.slippage_model, B)
    return CreateBacktest(
        strategy_id=asked.strategy_id,
        symbols=(symbol(asked.symbol),),
        start=asked.start_date,
        end=asked.end_date,
        initial_capital=costs.initial_capital,
        mode=MODE.read(costs.mode, B),
        commission=costs.commission_rate,
        slippage_model=model,
        slippage=Decimal(0) if model == "none" else costs.slippage,
        origin=B,
    )


def _list(call: Call) -> ListBacktests:
    asked: Backtests = call.query
    statuses = BACKTEST_STATUS.read_all(asked.status, B) if asked.status else ()
    return ListBacktests(statuses=statuses, strategy_id=asked.strategy_id, limit=asked.limit, offset=asked.offset)


def _one(call: Call) -> ById:
    return ById(id=call.ref("backtest_id"))


_ALL = "/api/v1/backtests"
_ONE = f"{_ALL}/{{backtest_id}}"
ROWS = (
    row("POST", _ALL, "backtests.create", Access.TRADER, View(_create, made, BacktestMade, 201, body=NewBacktest)),
    row("GET", _ALL, "backtests.list", Access.USER, View(_list, listed, BacktestPage, query=Backtests)),
    row("GET", _ONE, "backtests.get", Access.USER, View(_one, shown, BacktestBody)),
    row("DELETE", _ONE, "backtests.delete", Access.TRADER, View(_one, nothing, None, 204)),
)
