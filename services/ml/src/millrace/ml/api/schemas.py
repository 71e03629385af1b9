"""What the ml service is asked and what it answers. Fractions are 0.05 for 5 %."""

from datetime import datetime
from decimal import Decimal
from math import ceil
from typing import Annotated, Any, Generic, Literal, Self, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from millrace.common.web.json_body import Amount
from millrace.ml.app.queries import Row

T = TypeVar("T")
Status = Literal["started", "completed", "failed", "cancelled"]
_Count = Annotated[int, Field(ge=1)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Hyperparameters(_Body):
    """Numbers of a training: the step of Adam, samples to a step, passes over them, and memory cells."""

    learning_rate: Amount = Field(Decimal("0.001"), ge=Decimal("0.000001"), le=1)
    batch_size: _Count = Field(32, le=4096)
    epochs: _Count = Field(50, le=1000)
    lstm_units: _Count = Field(32, le=128)

    def numbers(self) -> dict[str, Any]:
        """As the recipe calls them."""
        rate = float(self.learning_rate)
        counts = {"batch_size": self.batch_size, "epochs": self.epochs, "units": self.lstm_units}
        return {"learning_rate": rate, **counts}


class Train(_Body):
    """Learn from candles that opened in [`start`, `end`).

    The last `validation_split` of them is held out: its first half chooses the epoch, its second half is the test.
    The same `intent_id` again is answered with the training it has begun.
    """

    start: AwareDatetime
    end: AwareDatetime
    validation_split: Amount = Field(Decimal("0.2"), ge=Decimal("0.01"), le=Decimal("0.9"), decimal_places=6)
    hyperparameters: Hyperparameters = Hyperparameters()
    intent_id: UUID | None = None


class Page(BaseModel, Generic[T]):
    """A page of a list; `total` counts all of it."""

    items: list[T]
    total: int
    limit: int
    offset: int


class Model(BaseModel):
    """One version of a model. Scores are the share of right directions; 0 while it has not learned."""

    id: UUID
    num: int
    name: str
    model_type: str
    symbol: str
    timeframe: str
    version: str
    is_active: bool
    validation_score: Decimal
    test_score: Decimal
    features: list[str]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Row) -> Self:
        """Versions are shown as 1.0, 1.1, 1.2."""
        return cls(**{**row, "version": f"1.{row['version']}", "is_active": row["live"]})


class Training(BaseModel):
    """A training; `status` is `started` until it is over, `progress` runs from 0 to 1.

    `model_id` is the model it was asked of, `new_model_id` the version that came of it.
    """

    id: UUID
    model_id: UUID
    model_num: int
    status: Status
    estimated_duration: str
    started_at: datetime
    progress: float
    new_model_id: UUID | None
    new_model_num: int | None
    error: str | None
    finished_at: datetime | None

    @classmethod
    def of(cls, row: Row) -> Self:
        """Rounds the estimate up to whole minutes."""
        minutes = ceil(row["estimated_seconds"] / 60)
        told = {"started_at": row["created_at"], "estimated_duration": f"{minutes} minute{'s' * (minutes > 1)}"}
        return cls(**{**row, **told, "progress": 1.0 if row["status"] == "completed" else row["progress"] or 0.0})


class Prediction(BaseModel):
    """What a model said of the close at `at`. `error` = actual - predicted; both missing until `at` has passed."""

    id: UUID
    num: int
    model_id: UUID
    model_num: int
    symbol: str
    exchange: str
    prediction_type: str
    predicted: Decimal
    confidence: Decimal
    actual: Decimal | None
    error: Decimal | None
    at: datetime
    created_at: datetime


class Predictions(Page[Prediction]):
    """A page, newest first; the rest is about all that were asked for and whose time has passed: `settled` of them.

    Accuracy is a fraction, the errors are prices; all are 0 where none is settled.
    """

    settled: int
    directional_accuracy: Decimal
    mean_absolute_error: Decimal
    root_mean_square_error: Decimal
