"""Learns a model from bars, and says with it what comes next. The future never has a part in it."""

import io
from collections.abc import Callable
from math import erf, sqrt

import numpy as np
from numpy.typing import NDArray

from millrace.ml.domain import lstm
from millrace.ml.domain.features import features_of, next_returns, unbroken, windows_of
from millrace.ml.domain.recipe import HISTORY, LEAST_SAMPLES, Bars, Forecast, Learned, Recipe, parts

Report = Callable[[float, str], None]
Array = NDArray[np.floating]
Places = tuple[NDArray[np.integer], NDArray[np.integer]]
_FARTHEST = 1.0
"""No log return beyond it is ever foretold."""


class CannotLearn(ValueError):
    """There is too little to learn from, or the steps were so long that learning came to nothing."""


def learn(report: Report, bars: Bars, recipe: Recipe) -> Learned:
    """Learn from the oldest samples, choose the epoch by later ones, and score on the newest.

    `report(progress, note)` is called before the first and after each epoch. Raises `CannotLearn`.
    """
    inputs, targets, known = _samples(bars)
    places = np.flatnonzero(known)
    counts = parts(len(places), recipe.split)
    if min(counts) < LEAST_SAMPLES:
        raise CannotLearn(f"{len(places)} unbroken stretches of candles are too few to learn from")
    train, validation, test = np.split(places, np.cumsum(counts)[:2])
    scales = _scales(inputs[train], targets[train])
    seen, wanted = _scaled(inputs, scales), (targets / scales["target"]).astype(np.float32)
    best, epoch = _descend(report, seen, wanted, (train, validation), recipe)
    said = _said(best, seen, scales)
    spread = float(np.sqrt(np.mean((said - targets)[validation] ** 2)))
    model = {**best, **scales, "spread": np.array([spread])}
    newest = np.append(test, len(said) - 1) if unbroken(bars)[-1] else test  # nothing has followed the last bar yet
    scores = _right(said[validation], targets[validation]), _right(said[test], targets[test])
    shown = tuple(_forecast(int(k), float(said[k]), spread) for k in newest)
    return Learned(_packed(model), *scores, counts, epoch, shown)


def foretell(parameters: bytes, bars: Bars) -> Forecast | None:
    """What a learned model says at the close of the last bar; None when bars are missing under it."""
    whole = unbroken(bars)
    if not len(whole) or not whole[-1]:
        return None
    model = _unpacked(parameters)
    inputs = windows_of(features_of(bars))[-1:]
    said = _said(model, _scaled(inputs, model), model)
    return _forecast(len(whole) - 1, float(said[0]), float(model["spread"][0]))


def _samples(bars: Bars) -> tuple[Array, Array, NDArray[np.bool_]]:
    inputs, targets = windows_of(features_of(bars)), next_returns(bars)
    return inputs, targets, unbroken(bars) & np.isfinite(targets)


def _scales(inputs: Array, targets: Array) -> lstm.Parameters:
    """Of the part that is learned from, and of nothing later."""
    mean, spread = inputs.mean(axis=(0, 1)), inputs.std(axis=(0, 1))
    target = targets.std()
    return {
        "mean": mean,
        "deviation": np.where(spread > 0, spread, 1.0),
        "target": np.array([target if target > 0 else 1.0]),
    }


def _scaled(inputs: Array, scales: lstm.Parameters) -> Array:
    return ((inputs - scales["mean"]) / scales["deviation"]).astype(np.float32)


def _descend(
    report: Report, inputs: Array, targets: Array, places: Places, recipe: Recipe
) -> tuple[lstm.Parameters, int]:
    rng = np.random.default_rng(recipe.seed)
    p = lstm.begin(inputs.shape[2], recipe.units, rng)
    adam, (train, validation) = lstm.Adam(p, recipe.learning_rate), places
    best, least, chosen = p, np.inf, 0
    report(0.0, f"epoch 0 of {recipe.epochs}")
    for epoch in range(1, recipe.epochs + 1):
        with np.errstate(all="ignore"):
            _pass(p, adam, inputs, targets, rng.permutation(train), recipe.batch_size)
            loss = float(np.mean((lstm.outputs(p, inputs[validation]) - targets[validation]) ** 2))
        if loss < least:
            best, least, chosen = {name: value.copy() for name, value in p.items()}, loss, epoch
        report(epoch / recipe.epochs, f"epoch {epoch} of {recipe.epochs}, validation loss {loss:.4f}")
    if not chosen:
        raise CannotLearn("learning came to nothing: ask for a smaller learning_rate")
    return best, chosen


def _pass(
    p: lstm.Parameters, adam: lstm.Adam, inputs: Array, targets: Array, order: NDArray[np.integer], size: int
) -> None:
    for k in range(0, len(order), size):
        batch = order[k : k + size]
        said, trace = lstm.forward(p, inputs[batch])
        adam.step(p, lstm.backward(p, trace, 2 * (said - targets[batch]) / np.float32(len(batch))))


def _said(p: lstm.Parameters, inputs: Array, scales: lstm.Parameters) -> Array:
    found: Array = np.clip(lstm.outputs(p, inputs) * scales["target"][0], -_FARTHEST, _FARTHEST)
    return found


def _right(said: Array, came: Array) -> float:
    return float(np.mean((said > 0) == (came > 0)))


def _forecast(window: int, said: float, spread: float) -> Forecast:
    confidence = 0.5 * (1 + erf(abs(said) / (spread * sqrt(2)))) if spread > 0 else 0.5
    return Forecast(window + HISTORY - 1, said, confidence)


def _packed(model: lstm.Parameters) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **model)
    return file.getvalue()


def _unpacked(parameters: bytes) -> lstm.Parameters:
    with np.load(io.BytesIO(parameters), allow_pickle=False) as found:
        return {name: found[name] for name in found.files}
