"""Learned models and what they say. Scores are JSON numbers, predicted values text."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from millrace.contracts.canonical.frame import MOST, Page
from millrace.contracts.canonical.research import (
    ListModels,
    ListPredictions,
    Model,
    Prediction,
    Predictions,
    Training,
    TrainModel,
)
from millrace.contracts.crypto.wire import CRYPTO, Counted, Free, SymbolText, TimesAsked, amount, span
from millrace.contracts.names import Access
from millrace.contracts.spelling import Moment, Number, canonical_symbol, fixed, joined, moment, read_ref
from millrace.contracts.table import Asked, Call, Row, Shape, View


class ModelsQuery(Asked):
    """Which models."""

    symbol: SymbolText | None = None
    model_type: str | None = Field(None, max_length=60)
    is_active: bool | None = None


class PredictionsQuery(TimesAsked):
    """Which predictions."""

    symbol: SymbolText | None = None
    model_id: str | None = Field(None, min_length=1, max_length=40, description="a number, or a UUID")
    prediction_type: str | None = Field(None, max_length=60)


class TrainBody(Asked):
    """What to learn from."""

    start_date: Moment
    end_date: Moment
    validation_split: Annotated[Number, Field(gt=0, lt=1)] | None = None
    hyperparameters: Free = Field(default_factory=dict)


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


def _models(call: Call) -> ListModels:
    asked: ModelsQuery = call.query
    symbol = canonical_symbol(asked.symbol) if asked.symbol else None
    return ListModels(symbol=symbol, model_type=asked.model_type, is_active=asked.is_active, limit=MOST)


def _predictions(call: Call) -> ListPredictions:
    asked: PredictionsQuery = call.query
    asked.check()
    return ListPredictions(
        symbol=canonical_symbol(asked.symbol) if asked.symbol else None,
        model_id=read_ref(asked.model_id, "model") if asked.model_id else None,
        prediction_type=asked.prediction_type,
        start=asked.start_time,
        end=asked.end_time,
        limit=MOST,
    )


def _train(call: Call) -> TrainModel:
    said: TrainBody = call.body
    span(said.start_date, said.end_date)
    split = {} if said.validation_split is None else {"validation_split": said.validation_split}
    return TrainModel(
        id=call.ref("model_id"),
        start=said.start_date,
        end=said.end_date,
        hyperparameters=said.hyperparameters,
        **split,
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


def _row(method: str, path: str, operation: str, access: Access, view: View) -> Row:
    return Row(method, f"/api/v1/ml/{path}", CRYPTO, operation, access, view, category="ml")


ROWS = (
    _row("GET", "models", "models.list", Access.USER, View(_models, _show_models, Models, query=ModelsQuery)),
    _row(
        "GET",
        "predictions",
        "predictions.list",
        Access.USER,
        View(_predictions, _show_predictions, PredictionsShape, query=PredictionsQuery),
    ),
    _row(
        "POST",
        "models/{model_id}/train",
        "models.train",
        Access.TRADER,
        View(_train, _training, TrainingShape, body=TrainBody),
    ),
)
