"""Backtests. What comes out of one is JSON numbers."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from millrace.common.kernel.money import divided
from millrace.common.kernel.timeframes import parse_timeframe
from millrace.contracts import vocab
from millrace.contracts.canonical.frame import ById
from millrace.contracts.canonical.performance import Simulated
from millrace.contracts.canonical.research import Backtest, CreateBacktest, EquityPoint, RoundTrip
from millrace.contracts.crypto.wire import CRYPTO, Id, SymbolText, amount, span
from millrace.contracts.names import Access
from millrace.contracts.spelling import Moment, Number, canonical_symbol, falling, joined, moment, percent, read_ref
from millrace.contracts.table import Asked, Call, Row, Shape, View

Share = Annotated[Number, Field(ge=0, lt=1)]


class BacktestParameters(Asked):
    """What trading costs, as fractions."""

    commission: Share | None = None
    slippage: Share | None = None
    market_impact: bool = False


class NewBacktest(Asked):
    """A backtest to be run."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    strategy_id: Id
    start_date: Moment
    end_date: Moment
    initial_capital: Annotated[Number, Field(gt=0)]
    symbols: list[SymbolText] = Field(min_length=1, max_length=20)
    timeframes: list[Annotated[str, Field(max_length=20)]] = Field(min_length=1, max_length=5)
    parameters: BacktestParameters = BacktestParameters()


class QueuedBacktest(Shape):
    """A backtest that was taken."""

    backtest_id: int
    name: str
    status: str
    estimated_duration: str
    created_at: str


class Results(Shape):
    """Percents where the name says so; drawdowns and losses at or below zero."""

    total_return: float
    total_return_percentage: float
    annual_return: float
    volatility: float
    sharpe_ratio: float
    sortino_ratio: float
    max_drawdown: float
    max_drawdown_percentage: float
    calmar_ratio: float
    win_rate: float
    profit_factor: float
    total_trades: int
    winning_trades: int
    losing_trades: int
    avg_trade_return: float
    avg_win: float
    avg_loss: float
    largest_win: float
    largest_loss: float


class Point(Shape):
    """What it was worth."""

    timestamp: str
    equity: float
    drawdown: float


class TradeShape(Shape):
    """From entry to exit; `pnl` is before the commission."""

    entry_time: str
    exit_time: str
    symbol: str
    side: Literal["BUY", "SELL"]
    quantity: float
    entry_price: float
    exit_price: float
    pnl: float
    pnl_percentage: float
    commission: float


class BacktestResults(Shape):
    """A backtest; results are zeros and lists empty until it is `completed`."""

    backtest_id: int
    name: str
    status: str
    start_date: str
    end_date: str
    initial_capital: float
    final_capital: float
    results: Results
    equity_curve: list[Point]
    trades: list[TradeShape]
    completed_at: str | None


def _create(call: Call) -> CreateBacktest:
    said: NewBacktest = call.body
    span(said.start_date, said.end_date)
    costs = said.parameters
    given = {} if costs.commission is None else {"commission": costs.commission}
    if costs.slippage is not None:
        given |= {"slippage": costs.slippage}
    return CreateBacktest(
        name=said.name,
        strategy_id=read_ref(said.strategy_id, "strategy"),
        symbols=tuple(canonical_symbol(symbol) for symbol in said.symbols),
        timeframes=tuple(parse_timeframe(word) for word in said.timeframes),
        start=said.start_date,
        end=said.end_date,
        initial_capital=said.initial_capital,
        slippage_model="percent",
        market_impact=costs.market_impact,
        origin=CRYPTO,
        **given,
    )


def _queued(backtest: Backtest, now: datetime) -> dict[str, Any]:
    return {
        "backtest_id": backtest.num,
        "name": backtest.name,
        "status": vocab.BACKTEST_STATUS.say(backtest.status, CRYPTO),
        "estimated_duration": backtest.estimated_duration,
        "created_at": moment(backtest.created_at),
    }


def _results(did: Simulated) -> dict[str, Any]:
    percents = ("annual_return", "volatility", "win_rate")
    plain = ("sharpe_ratio", "sortino_ratio", "calmar_ratio", "profit_factor", "avg_trade_return", "avg_win")
    losses = ("avg_loss", "largest_loss")
    drawdown = amount(falling(did.max_drawdown))
    return {
        "total_return": amount(did.profit),
        "total_return_percentage": amount(percent(did.total_return)),
        "max_drawdown": drawdown,
        "max_drawdown_percentage": drawdown,
        **{name: amount(percent(getattr(did, name))) for name in percents},
        **{name: amount(getattr(did, name)) for name in (*plain, "largest_win")},
        **{name: -abs(amount(getattr(did, name))) or 0.0 for name in losses},
        **{name: getattr(did, name) for name in ("total_trades", "winning_trades", "losing_trades")},
    }


def _point(point: EquityPoint) -> dict[str, Any]:
    return {
        "timestamp": moment(point.at),
        "equity": amount(point.equity),
        "drawdown": amount(falling(point.drawdown)),
    }


def _trade(trade: RoundTrip) -> dict[str, Any]:
    names = ("quantity", "entry_price", "exit_price", "commission")
    gross, cost = trade.pnl + trade.commission, trade.entry_price * trade.quantity
    return {
        "entry_time": moment(trade.entry_at),
        "exit_time": moment(trade.exit_at),
        "symbol": joined(trade.symbol),
        "side": vocab.SIDE.say(trade.side, CRYPTO),
        "pnl": amount(gross),
        "pnl_percentage": amount(percent(divided(gross, cost))) if cost else 0.0,
        **{name: amount(getattr(trade, name)) for name in names},
    }


def _show_results(backtest: Backtest, now: datetime) -> dict[str, Any]:
    return {
        "backtest_id": backtest.num,
        "name": backtest.name,
        "status": vocab.BACKTEST_STATUS.say(backtest.status, CRYPTO),
        "start_date": moment(backtest.start),
        "end_date": moment(backtest.end),
        "initial_capital": amount(backtest.initial_capital),
        "final_capital": amount(backtest.final_capital),
        "results": _results(backtest.metrics),
        "equity_curve": [_point(point) for point in backtest.equity_curve],
        "trades": [_trade(trade) for trade in backtest.trades],
        "completed_at": None if backtest.completed_at is None else moment(backtest.completed_at),
    }


def _row(method: str, path: str, operation: str, access: Access, view: View) -> Row:
    address = f"/api/v1/backtesting/backtests{path}"
    return Row(method, address, CRYPTO, operation, access, view, category="backtesting")


_RESULTS = View(lambda call: ById(id=call.ref("backtest_id")), _show_results, BacktestResults)
ROWS = (
    _row("POST", "", "backtests.create", Access.TRADER, View(_create, _queued, QueuedBacktest, 201, body=NewBacktest)),
    _row("GET", "/{backtest_id}/results", "backtests.get", Access.USER, _RESULTS),
)
