"""Backtests, and learned models."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from millrace.common.kernel.errors import MillraceError
from millrace.contracts.canonical import research
from millrace.contracts.canonical.frame import ById, Done, Page
from millrace.contracts.canonical.performance import Simulated
from millrace.gateway.app.asking import Asking, Handlers
from millrace.gateway.app.operations.pages import rows
from millrace.gateway.app.operations.refs import origin_of

_BACKTEST = (
    *("id", "num", "name", "strategy_id", "strategy_num", "symbols", "timeframes", "start", "end", "initial_capital"),
    *("status", "progress", "created_at", "completed_at", "error"),
)
_MINUTE = 60
_DATES = {"start": "start_date", "end": "end_date"}
"""What the services call them, and every contract."""


def backtest(row: dict[str, Any]) -> research.Backtest:
    """A backtest as its service tells of one; the curve and the trades where they were asked for."""
    told = row["metrics"] or {}
    known = {name: told[name] for name in Simulated.model_fields if told.get(name) is not None}
    return research.Backtest(
        **{name: row[name] for name in _BACKTEST},
        origin=origin_of(row),
        final_capital=row["final_capital"] if row["final_capital"] is not None else row["initial_capital"],
        estimated_duration=_duration(row["estimated_duration"]),
        metrics=Simulated(**known),
        equity_curve=row.get("equity_curve", ()),
        trades=row.get("trades", ()),
    )


def _duration(seconds: float | str | None) -> str:
    """For people: `15 minutes`, rounded up, never nothing."""
    if isinstance(seconds, str):
        return seconds
    whole = max(1, -(-int(seconds or 0) // _MINUTE))
    return f"{whole} minute{'s' if whole > 1 else ''}"


async def create(asking: Asking, asked: research.CreateBacktest) -> research.Backtest:
    """A backtest that waits for its turn."""
    sent = {**asked.model_dump(), "intent_id": asking.intent}
    with _dated():
        return backtest(await asking.ask("backtest", "POST", "/backtests", json=sent))


@contextmanager
def _dated() -> Iterator[None]:
    """Errors name the dates as the caller wrote them."""
    try:
        yield
    except MillraceError as wrong:
        for name in _DATES.keys() & wrong.fields.keys():
            wrong.fields[_DATES[name]] = wrong.fields.pop(name)
            if wrong.message.startswith(f"{name} "):
                wrong.message = _DATES[name] + wrong.message.removeprefix(name)
        raise


async def list_backtests(asking: Asking, asked: research.ListBacktests) -> Page[research.Backtest]:
    """The caller's, newest first, without curves and trades."""
    query = {"status": list(asked.statuses) or None, "strategy": asked.strategy_id}
    found, total = await rows(asking, "backtest", "/backtests", query, asked.limit, asked.offset)
    return Page(items=tuple(backtest(row) for row in found), total=total, limit=asked.limit, offset=asked.offset)


async def get(asking: Asking, asked: ById) -> research.Backtest:
    """One of them, with its curve and trades once it is completed."""
    return backtest(await asking.ask("backtest", "GET", f"/backtests/{asked.id}/results"))


async def delete(asking: Asking, asked: ById) -> Done:
    """It has ended and is gone."""
    await asking.ask("backtest", "DELETE", f"/backtests/{asked.id}")
    return Done(at=asking.now, subject=str(asked.id))


async def models(asking: Asking, asked: research.ListModels) -> Page[research.Model]:
    """The platform's own models and the caller's."""
    query = {
        "symbol": asked.symbol,
        "model_type": asked.model_type,
        "is_active": None if asked.is_active is None else str(asked.is_active).lower(),
        "limit": asked.limit,
        "offset": asked.offset,
    }
    found = await asking.ask("ml", "GET", "/models", query=query)
    items = tuple(research.Model(**row) for row in found["items"])
    return Page(items=items, total=found["total"], limit=asked.limit, offset=asked.offset)


async def train(asking: Asking, asked: research.TrainModel) -> research.Training:
    """A training that has begun."""
    sent = {**asked.model_dump(exclude={"id"}), "intent_id": asking.intent}
    with _dated():
        row = await asking.ask("ml", "POST", f"/models/{asked.id}/train", json=sent)
    names = research.Training.model_fields
    return research.Training(**{**{name: row[name] for name in names}, "id": str(row["id"])})


async def predictions(asking: Asking, asked: research.ListPredictions) -> research.Predictions:
    """What models said, newest first, and how good all of it was."""
    query = {
        "model": asked.model_id,
        "symbol": asked.symbol,
        "prediction_type": asked.prediction_type,
        "since": asked.start and asked.start.isoformat(),
        "until": asked.end and asked.end.isoformat(),
        "limit": asked.limit,
        "offset": asked.offset,
    }
    found = await asking.ask("ml", "GET", "/predictions", query=query)
    numbers = ("directional_accuracy", "mean_absolute_error", "root_mean_square_error")
    return research.Predictions(
        items=tuple(research.Prediction(**row) for row in found["items"]), **{name: found[name] for name in numbers}
    )


HANDLERS: Handlers = {
    "backtests.create": create,
    "backtests.list": list_backtests,
    "backtests.get": get,
    "backtests.delete": delete,
    "models.list": models,
    "models.train": train,
    "predictions.list": predictions,
}
