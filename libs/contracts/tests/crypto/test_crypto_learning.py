"""Learned models in contract crypto: what there is, what they say, how one is trained."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from libs.contracts.tests.crypto.desk import Desk, kinds, without
from libs.contracts.tests.samples import ID, sample
from millrace.common.kernel.errors import Code
from millrace.contracts.canonical.frame import Page
from millrace.contracts.canonical.research import (
    ListModels,
    ListPredictions,
    Model,
    Prediction,
    Predictions,
    Training,
    TrainModel,
)
from millrace.contracts.crypto import DIALECT

CRYPTO = Desk(DIALECT, "/api/v1/")
MODELS, PREDICTIONS, TRAIN = "GET ml/models", "GET ml/predictions", "POST ml/models/{model_id}/train"
NINE = datetime(2025, 9, 18, 9, tzinfo=UTC)
LESSON: dict[str, Any] = {
    "start_date": "2025-01-01T00:00:00Z",
    "end_date": "2025-08-31T23:59:59Z",
    "validation_split": 0.2,
    "hyperparameters": {"learning_rate": 0.001, "batch_size": 32, "epochs": 100, "lstm_units": 50},
}
SAID: dict[str, Any] = {
    "num": 12345,
    "model_num": 1,
    "symbol": "BTC/USDT",
    "prediction_type": "price_direction",
    "predicted": Decimal(43350),
    "confidence": Decimal("0.85"),
    "actual": Decimal(43275),
    "error": Decimal(-75),
    "at": NINE.replace(hour=10),
    "created_at": NINE,
}


def said(**changes: Any) -> dict[str, Any]:
    """The document's own prediction, with changes, as it is told."""
    found = Predictions(items=(sample(Prediction, **{**SAID, **changes}),))
    (told,) = CRYPTO.answers(PREDICTIONS, found)["predictions"]
    return dict(told)


def test_all_models_are_asked_for() -> None:
    assert CRYPTO.asks(MODELS) == ListModels(symbol=None, model_type=None, is_active=None, limit=5000)


def test_some_models_are_asked_for() -> None:
    command = CRYPTO.asks(MODELS, query={"symbol": "btc-usdt", "model_type": "lstm", "is_active": "true"})
    assert (command.symbol, command.model_type, command.is_active) == ("BTC/USDT", "lstm", True)
    assert CRYPTO.asks(MODELS, query={"is_active": "False"}).is_active is False


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"symbol": ""}, "symbol"),
        ({"symbol": "x" * 41}, "symbol"),
        ({"model_type": "x" * 61}, "model_type"),
        ({"is_active": "perhaps"}, "is_active"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_filter_of_models_is_bounded(query: dict[str, str], field: str) -> None:
    assert CRYPTO.wrong(MODELS, query=query) == [field]


def test_models_are_told_as_in_the_document() -> None:
    features = ("close_price", "volume", "rsi_14", "macd_signal", "bb_upper", "bb_lower")
    model = sample(
        Model,
        num=1,
        name="BTC Price Predictor v2.1",
        model_type="lstm",
        symbol="BTC/USDT",
        timeframe="1h",
        version="2.1",
        is_active=True,
        validation_score=Decimal("0.8542"),
        test_score=Decimal("0.8234"),
        features=features,
        created_at=datetime(2025, 9, 15, tzinfo=UTC),
        updated_at=NINE,
    )
    assert CRYPTO.answers(MODELS, Page[Model](items=(model,), total=1)) == {
        "models": [
            {
                "id": 1,
                "name": "BTC Price Predictor v2.1",
                "model_type": "lstm",
                "symbol": "BTCUSDT",
                "timeframe": "1h",
                "version": "2.1",
                "is_active": True,
                "validation_score": 0.8542,
                "test_score": 0.8234,
                "features": list(features),
                "created_at": "2025-09-15T00:00:00Z",
                "updated_at": "2025-09-18T09:00:00Z",
            }
        ],
        "count": 1,
    }


def test_a_model_that_never_learned_scores_zero_and_a_score_is_a_number() -> None:
    model = sample(Model, validation_score=Decimal(0), test_score=Decimal(1), features=())
    (told,) = CRYPTO.answers(MODELS, Page[Model](items=(model,)))["models"]
    assert (told["validation_score"], told["test_score"], told["features"]) == (0.0, 1.0, [])
    assert [kinds(told)[name] for name in ("id", "validation_score", "test_score")] == ["int", "float", "float"]


def test_no_models_are_an_empty_list() -> None:
    assert CRYPTO.answers(MODELS, Page[Model]()) == {"models": [], "count": 0}


def test_all_predictions_are_asked_for() -> None:
    assert CRYPTO.asks(PREDICTIONS) == ListPredictions(limit=5000)


def test_some_predictions_are_asked_for() -> None:
    query = {"symbol": "BTC_USDT", "model_id": "1", "prediction_type": "price_direction"}
    ends = {"start_time": "2025-09-18T09:00:00Z", "end_time": "1758189600000"}
    assert CRYPTO.asks(PREDICTIONS, query={**query, **ends}) == ListPredictions(
        symbol="BTC/USDT",
        model_id=1,
        prediction_type="price_direction",
        start=NINE,
        end=NINE.replace(hour=10),
        limit=5000,
    )


def test_a_model_is_named_by_its_uuid_too() -> None:
    assert CRYPTO.asks(PREDICTIONS, query={"model_id": str(ID)}).model_id == ID


@pytest.mark.parametrize("name", ["mine", "-1", "1.5", "9" * 20])
def test_what_names_no_model_is_not_found(name: str) -> None:
    assert CRYPTO.refuses(PREDICTIONS, query={"model_id": name}).code is Code.NOT_FOUND


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"symbol": ""}, "symbol"),
        ({"model_id": ""}, "model_id"),
        ({"model_id": "1" * 41}, "model_id"),
        ({"prediction_type": "x" * 61}, "prediction_type"),
        ({"start_time": "soon"}, "start_time"),
        ({"end_time": ""}, "end_time"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_filter_of_predictions_is_bounded(query: dict[str, str], field: str) -> None:
    assert CRYPTO.wrong(PREDICTIONS, query=query) == [field]


def test_predictions_are_told_as_in_the_document() -> None:
    found = Predictions(
        items=(sample(Prediction, **SAID),),
        directional_accuracy=Decimal("0.68"),
        mean_absolute_error=Decimal("125.5"),
        root_mean_square_error=Decimal("185.25"),
    )
    assert CRYPTO.answers(PREDICTIONS, found) == {
        "predictions": [
            {
                "id": 12345,
                "model_id": 1,
                "symbol": "BTCUSDT",
                "prediction_type": "price_direction",
                "predicted_value": "43350.00",
                "confidence": 0.85,
                "actual_value": "43275.00",
                "error": "-75.00",
                "prediction_timestamp": "2025-09-18T10:00:00Z",
                "created_at": "2025-09-18T09:00:00Z",
            }
        ],
        "count": 1,
        "accuracy_metrics": {
            "directional_accuracy": 0.68,
            "mean_absolute_error": 125.5,
            "root_mean_square_error": 185.25,
        },
    }


def test_what_has_not_come_to_pass_is_null() -> None:
    told = said(actual=None, error=None)
    assert (told["actual_value"], told["error"]) == (None, None)
    assert (told["predicted_value"], told["confidence"]) == ("43350.00", 0.85)


@pytest.mark.parametrize(
    ("error", "shown"), [("0", "0.00"), ("-0.001", "0.00"), ("1.239", "1.24"), ("-1E+3", "-1000.00")]
)
def test_an_error_has_a_sign_but_zero_has_none(error: str, shown: str) -> None:
    assert said(error=Decimal(error))["error"] == shown


@pytest.mark.parametrize(("confidence", "shown"), [("0", 0.0), ("1", 1.0), ("0.123456789", 0.12345679)])
def test_a_confidence_is_a_fraction_and_a_number(confidence: str, shown: float) -> None:
    assert said(confidence=Decimal(confidence))["confidence"] == shown


def test_nobody_who_said_nothing_was_right() -> None:
    body = CRYPTO.answers(PREDICTIONS, Predictions())
    assert body["predictions"] == []
    assert body["count"] == 0
    assert body["accuracy_metrics"] == dict.fromkeys(
        ("directional_accuracy", "mean_absolute_error", "root_mean_square_error"), 0.0
    )


def test_a_lesson_is_read_as_the_document_writes_it() -> None:
    assert CRYPTO.asks(TRAIN, LESSON, model_id="1") == TrainModel(
        id=1,
        start=datetime(2025, 1, 1, tzinfo=UTC),
        end=datetime(2025, 8, 31, 23, 59, 59, tzinfo=UTC),
        validation_split=Decimal("0.2"),
        hyperparameters=LESSON["hyperparameters"],
    )


def test_a_lesson_needs_no_more_than_its_time() -> None:
    command = CRYPTO.asks(TRAIN, without(LESSON, "validation_split", "hyperparameters"), model_id=str(ID))
    assert (command.id, command.validation_split, command.hyperparameters) == (ID, Decimal("0.2"), {})
    assert CRYPTO.asks(TRAIN, {**LESSON, "validation_split": None}).validation_split == Decimal("0.2")


@pytest.mark.parametrize(
    "written", ["2025-01-01", 1735689600, "1735689600", 1735689600000, "2025-01-01T01:00:00+01:00"]
)
def test_a_lessons_dates_are_written_in_any_form(written: Any) -> None:
    assert CRYPTO.asks(TRAIN, {**LESSON, "start_date": written}).start == datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("split", ["0.25", 0.25, "2.5e-1"])
def test_a_split_is_a_number_or_text(split: Any) -> None:
    assert CRYPTO.asks(TRAIN, {**LESSON, "validation_split": split}).validation_split == Decimal("0.25")


@pytest.mark.parametrize("end", ["2025-01-01T00:00:00Z", "2024-12-31", 0])
def test_a_lesson_ends_after_it_begins(end: Any) -> None:
    refused = CRYPTO.refuses(TRAIN, {**LESSON, "end_date": end})
    assert (refused.code, refused.status) == (Code.INVALID_DATE_RANGE, 400)
    assert refused.fields == {"start_date": "must be before end_date"}


@pytest.mark.parametrize("key", ["model_id", "training_id", "status", "user_id", "started_at"])
def test_nobody_sets_what_the_server_says(key: str) -> None:
    assert CRYPTO.asks(TRAIN, {**LESSON, key: 99}, model_id="1") == CRYPTO.asks(TRAIN, LESSON, model_id="1")


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"start_date": None}, "start_date"),
        ({"start_date": "soon"}, "start_date"),
        ({"end_date": True}, "end_date"),
        ({"end_date": "0001-01-01T00:00:00+02:00"}, "end_date"),
        ({"validation_split": 0}, "validation_split"),
        ({"validation_split": 1}, "validation_split"),
        ({"validation_split": -0.2}, "validation_split"),
        ({"validation_split": "a fifth"}, "validation_split"),
        ({"hyperparameters": []}, "hyperparameters"),
        ({"hyperparameters": None}, "hyperparameters"),
        ({"hyperparameters": {str(n): n for n in range(101)}}, "hyperparameters"),
        ({"hyperparameters": {"epochs": 2**63}}, "hyperparameters"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_lesson_is_bounded(told: dict[str, Any], field: str) -> None:
    assert CRYPTO.wrong(TRAIN, {**LESSON, **told}) == [field]


@pytest.mark.parametrize("name", ["start_date", "end_date"])
def test_a_lesson_has_both_ends(name: str) -> None:
    assert CRYPTO.wrong(TRAIN, without(LESSON, name)) == [name]


def test_a_training_is_told_as_in_the_document() -> None:
    training = Training(
        id="train_123456", model_id=ID, model_num=1, status="queued", estimated_duration="2 hours", started_at=NINE
    )
    assert CRYPTO.answers(TRAIN, training) == {
        "training_id": "train_123456",
        "model_id": 1,
        "status": "started",
        "estimated_duration": "2 hours",
        "started_at": "2025-09-18T09:00:00Z",
    }
