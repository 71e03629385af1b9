"""Rows become answers with the fields and units that are promised."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from millrace.common.kernel.errors import MillraceError
from millrace.common.web.answers import encode
from millrace.ml.api.http import ref_of
from millrace.ml.api.schemas import Model, Prediction, Train, Training

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
TRAINING: dict[str, Any] = {
    "id": UUID(int=1),
    "model_id": UUID(int=2),
    "model_num": 2,
    "status": "started",
    "estimated_seconds": 30.0,
    "created_at": AT,
    "progress": 0.25,
    "new_model_id": None,
    "new_model_num": None,
    "error": None,
    "finished_at": None,
}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.1, "1 minute"), (60.0, "1 minute"), (60.5, "2 minutes"), (3600.0, "60 minutes")],
)
def test_a_training_estimates_in_whole_minutes(seconds: float, words: str) -> None:
    assert Training.of({**TRAINING, "estimated_seconds": seconds}).estimated_duration == words


@pytest.mark.parametrize(
    ("status", "stored", "shown"),
    [
        ("started", 0.25, 0.25),
        ("started", None, 0.0),
        ("completed", 0.99, 1.0),
        ("completed", None, 1.0),
        ("failed", 0.4, 0.4),
        ("cancelled", None, 0.0),
    ],
)
def test_progress_is_told_also_when_the_job_is_forgotten(status: str, stored: float | None, shown: float) -> None:
    assert Training.of({**TRAINING, "status": status, "progress": stored}).progress == shown


def test_a_training_began_when_it_was_taken() -> None:
    assert b'"started_at":"2026-01-01T12:00:00Z"' in encode(Training.of(TRAINING))


@pytest.mark.parametrize(("version", "live"), [(0, True), (3, False)])
def test_a_model_shows_its_version_and_whether_it_is_the_users_choice(version: int, live: bool) -> None:
    row = {
        "id": UUID(int=1),
        "num": 1,
        "name": "BTC",
        "model_type": "lstm",
        "symbol": "BTC/USDT",
        "timeframe": "1h",
        "version": version,
        "is_active": True,
        "live": live,
        "features": ["a"],
        "created_at": AT,
        "validation_score": Decimal("0.520000"),
        "test_score": Decimal("0.5"),
        "updated_at": AT,
        "user_id": UUID(int=9),
        "family": UUID(int=1),
        "due_at": AT,
        "exchange": "binance",
    }
    shown = Model.of(row)
    assert (shown.version, shown.is_active) == (f"1.{version}", live)
    text = encode(shown)
    assert b'"validation_score":"0.52"' in text
    assert b"user_id" not in text
    assert b"family" not in text


def test_a_prediction_keeps_its_owner_to_itself() -> None:
    row = {
        "id": UUID(int=1),
        "num": 1,
        "user_id": UUID(int=9),
        "model_id": UUID(int=2),
        "model_num": 2,
        "symbol": "BTC/USDT",
        "exchange": "binance",
        "prediction_type": "price_direction",
        "base": Decimal(7),
        "predicted": Decimal("43350.00"),
        "confidence": Decimal("0.85"),
        "actual": Decimal("43275.00"),
        "error": Decimal("-75.00"),
        "at": AT,
        "created_at": AT,
    }
    text = encode(Prediction(**row))
    assert b'"error":"-75"' in text
    assert b"user_id" not in text


def test_a_training_needs_no_more_than_its_time() -> None:
    asked = Train.model_validate({"start": "2025-01-01T00:00:00Z", "end": "2025-08-31T23:59:59Z"})
    assert asked.validation_split == Decimal("0.2")
    assert asked.hyperparameters.numbers() == {"learning_rate": 0.001, "batch_size": 32, "epochs": 50, "units": 32}


@pytest.mark.parametrize("text", ["7", "0007", str(2**63 - 1)])
def test_a_number_names_a_model(text: str) -> None:
    assert ref_of(text) == int(text)


@pytest.mark.parametrize("text", ["", "²", str(2**63), "1e3", "0x1", "-0"])
def test_what_is_neither_number_nor_id_names_none(text: str) -> None:
    with pytest.raises(MillraceError, match="model not found"):
        ref_of(text)
