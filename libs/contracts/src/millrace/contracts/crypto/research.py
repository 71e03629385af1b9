"""Learned models, what they say, and backtests. Scores and results are JSON numbers, predicted values text."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.timeframes import parse_timeframe
from millrace.contracts import vocab
from millrace.contracts.canonical.frame import ById, Page
from millrace.contracts.canonical.performance import Metrics
from millrace.contracts.canonical.research import (
    Backtest,
    CreateBacktest,
    EquityPoint,
    ListModels,
    ListPredictions,
    Model,
    Prediction,
    Predictions,
    RoundTrip,
    Training,
    TrainModel,
)
from millrace.contracts.crypto.wire import CRYPTO, Counted, SymbolText, amount
from millrace.contracts.names import Access
from millrace.contracts.spelling import (
    Moment,
    Number,
    canonical_symbol,
    falling,
    fixed,
    joined,
    moment,
    percent,
    read_ref,
)
from millrace.contracts.table import Asked, Call, Row, Shape, View

_ALL = 5000
Share = Annotated[Number, Field(ge=0, lt=1)]
Id = Annotated[int | str, Field(description="a number, or a UUID")]


class ModelsQuery(Asked):
    """Which models."""

    symbol: SymbolText | None = None
    model_type: str | None = Field(None, max_length=60)
    is_active: bool | None = None


class PredictionsQuery(Asked):
    """Which predictions."""

    symbol: SymbolText | None = None
    model_id: int | None = Field(None, ge=0, lt=2**63)
    prediction_type: str | None = Field(None, max_length=60)
    start_time: Moment | None = None
    end_time: Moment | None = None


class TrainBody(Asked):
    """What to learn from."""

    start_date: Moment
    end_date: Moment
    validation_split: Annotated[Number, Field(gt=0, lt=1)] | None = None
    hyperparameters: dict[str, Any] = Field(default_factory=dict)


class BacktestParameters(Asked):
    """What trading costs, as fractions."""

    commission: Share | None = None
    slippage: Share | None = None
    market_impact: bool = False


class NewBacktest(Asked):
    """A backtest to be run."""

    name: str = Field(min_length=1, max_length=200)
    strategy_id: Id
    start_date: Moment
    end_date: Moment
    initial_capital: Annotated[Number, Field(gt=0)]
    symbols: list[SymbolText] = Field(min_length=1, max_length=20)
    timeframes: list[Annotated[str, Field(max_length=20)]] = Field(min_length=1, max_length=5)
    parameters: BacktestParameters = BacktestParameters()


class ModelShape(Shape):
    """A model."""

    id: int
    name: str
    model_type: str
    symbol: str
    timeframe: str
    version: str
    is_active: bool
    validation_score: float
    test_score: float
    features: list[str]
    created_at: str
    updated_at: str


class Models(Counted):
    """All of them."""

    models: list[ModelShape]


class PredictionShape(Shape):
    """What a model said."""

    id: int
    model_id: int
    symbol: str
    prediction_type: str
    predicted_value: str
    confidence: float
    actual_value: str | None
    error: str | None
    prediction_timestamp: str
    created_at: str


class Accuracy(Shape):
    """How good they were: a fraction and two amounts."""

    directional_accuracy: float
    mean_absolute_error: float
    root_mean_square_error: float


class PredictionsShape(Counted):
    """Newest first."""

    predictions: list[PredictionShape]
    accuracy_metrics: Accuracy


class TrainingShape(Shape):
    """A training that has begun."""

    training_id: str
    model_id: int
    status: Literal["started"]
    estimated_duration: str
    started_at: str


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
    """From entry to exit."""

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


def _models(call: Call) -> ListModels:
    asked: ModelsQuery = call.query
    symbol = canonical_symbol(asked.symbol) if asked.symbol else None
    return ListModels(symbol=symbol, model_type=asked.model_type, is_active=asked.is_active, limit=_ALL)


def _predictions(call: Call) -> ListPredictions:
    asked: PredictionsQuery = call.query
    return ListPredictions(
        symbol=canonical_symbol(asked.symbol) if asked.symbol else None,
        model_id=asked.model_id,
        prediction_type=asked.prediction_type,
        start=asked.start_time,
        end=asked.end_time,
        limit=_ALL,
    )


def _span(start: datetime, end: datetime) -> None:
    if start >= end:
        raise MillraceError(Code.INVALID_DATE_RANGE, "start_date must be before end_date")


def _train(call: Call) -> TrainModel:
    said: TrainBody = call.body
    _span(said.start_date, said.end_date)
    split = {} if said.validation_split is None else {"validation_split": said.validation_split}
    return TrainModel(
        id=call.ref("model_id"),
        start=said.start_date,
        end=said.end_date,
        hyperparameters=said.hyperparameters,
        **split,
    )


def _create(call: Call) -> CreateBacktest:
    said: NewBacktest = call.body
    _span(said.start_date, said.end_date)
    costs = said.parameters
    given = {} if costs.commission is None else {"commission": costs.commission}
    if costs.slippage is not None:
        given |= {"slippage": costs.slippage}
    return CreateBacktest(
        name=said.name,
        strategy_id=read_ref(said.strategy_id),
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


def _model(model: Model) -> dict[str, Any]:
    names = ("name", "model_type", "timeframe", "version", "is_active")
    return {
        "id": model.num,
        **{name: getattr(model, name) for name in names},
        "symbol": joined(model.symbol),
        "validation_score": amount(model.validation_score),
        "test_score": amount(model.test_score),
        "features": list(model.features),
        "created_at": moment(model.created_at),
        "updated_at": moment(model.updated_at),
    }


def _show_models(found: Page[Model], now: datetime) -> dict[str, Any]:
    return {"models": [_model(each) for each in found.items], "count": len(found.items)}


def _prediction(said: Prediction) -> dict[str, Any]:
    return {
        "id": said.num,
        "model_id": said.model_num,
        "symbol": joined(said.symbol),
        "prediction_type": said.prediction_type,
        "predicted_value": fixed(said.predicted),
        "confidence": amount(said.confidence),
        "actual_value": None if said.actual is None else fixed(said.actual),
        "error": None if said.error is None else fixed(said.error),
        "prediction_timestamp": moment(said.at),
        "created_at": moment(said.created_at),
    }


def _show_predictions(found: Predictions, now: datetime) -> dict[str, Any]:
    names = ("directional_accuracy", "mean_absolute_error", "root_mean_square_error")
    return {
        "predictions": [_prediction(each) for each in found.items],
        "count": len(found.items),
        "accuracy_metrics": {name: amount(getattr(found, name)) for name in names},
    }


def _training(training: Training, now: datetime) -> dict[str, Any]:
    return {
        "training_id": training.id,
        "model_id": training.model_num,
        "status": "started",
        "estimated_duration": training.estimated_duration,
        "started_at": moment(training.started_at),
    }


def _queued(backtest: Backtest, now: datetime) -> dict[str, Any]:
    return {
        "backtest_id": backtest.num,
        "name": backtest.name,
        "status": vocab.BACKTEST_STATUS.say(backtest.status, CRYPTO),
        "estimated_duration": backtest.estimated_duration,
        "created_at": moment(backtest.created_at),
    }


def _results(did: Metrics) -> dict[str, Any]:
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
    names = ("quantity", "entry_price", "exit_price", "pnl", "commission")
    return {
        "entry_time": moment(trade.entry_at),
        "exit_time": moment(trade.exit_at),
        "symbol": joined(trade.symbol),
        "side": vocab.SIDE.say(trade.side, CRYPTO),
        "pnl_percentage": amount(percent(trade.fraction)),
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
    category = "ml" if path.startswith("ml") else "backtesting"
    return Row(method, f"/api/v1/{path}", CRYPTO, operation, access, view, category=category)


_RESULTS = View(lambda call: ById(id=call.ref("backtest_id")), _show_results, BacktestResults)
ROWS = (
    _row("GET", "ml/models", "models.list", Access.USER, View(_models, _show_models, Models, query=ModelsQuery)),
    _row(
        "GET",
        "ml/predictions",
        "predictions.list",
        Access.USER,
        View(_predictions, _show_predictions, PredictionsShape, query=PredictionsQuery),
    ),
    _row(
        "POST",
        "ml/models/{model_id}/train",
        "models.train",
        Access.TRADER,
        View(_train, _training, TrainingShape, body=TrainBody),
    ),
    _row(
        "POST",
        "backtesting/backtests",
        "backtests.create",
        Access.TRADER,
        View(_create, _queued, QueuedBacktest, 201, body=NewBacktest),
    ),
    _row("GET", "backtesting/backtests/{backtest_id}/results", "backtests.get", Access.USER, _RESULTS),
)
