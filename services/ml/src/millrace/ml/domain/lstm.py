"""A small long short-term memory network with one output, and Adam; plain numpy.

Hochreiter and Schmidhuber's cell with a forget gate; the gates lie side by side: input, forget, output, candidate.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Parameters = dict[str, Array]
_CLIP = 5.0


@dataclass(slots=True)
class Trace:
    """What a forward pass leaves for the way back; lists run over time."""

    inputs: Array
    gates: list[Array]
    cells: list[Array]
    hidden: list[Array]


def begin(features: int, units: int, rng: np.random.Generator, kind: type = np.float32) -> Parameters:
    """Fresh parameters: small random ones, forget gates open, the output at zero."""
    bias = np.zeros(4 * units)
    bias[units : 2 * units] = 1.0
    found = {
        "wx": rng.normal(0, features**-0.5, (features, 4 * units)),
        "wh": rng.normal(0, units**-0.5, (units, 4 * units)),
        "b": bias,
        "wo": rng.normal(0, 0.1 * units**-0.5, units),
        "bo": np.zeros(1),
    }
    return {name: value.astype(kind) for name, value in found.items()}


def forward(p: Parameters, inputs: Array) -> tuple[Array, Trace]:
    """The outputs of a batch (rows, time, features), one for each row."""
    rows, steps, _ = inputs.shape
    units = len(p["wo"])
    hidden: Array = np.zeros((rows, units), inputs.dtype)
    cell = hidden
    trace = Trace(inputs, [], [cell], [hidden])
    driven = inputs @ p["wx"] + p["b"]
    for step in range(steps):
        gates = driven[:, step] + hidden @ p["wh"]
        gates[:, : 3 * units] = 0.5 * (1 + np.tanh(0.5 * gates[:, : 3 * units]))
        gates[:, 3 * units :] = np.tanh(gates[:, 3 * units :])
        entry, forget, output, candidate = np.split(gates, 4, axis=1)
        cell = forget * cell + entry * candidate
        hidden = output * np.tanh(cell)
        trace.gates.append(gates)
        trace.cells.append(cell)
        trace.hidden.append(hidden)
    return hidden @ p["wo"] + p["bo"], trace


def outputs(p: Parameters, inputs: Array, rows: int = 1024) -> Array:
    """Only the outputs, a few rows at a time."""
    parts = [forward(p, inputs[k : k + rows])[0] for k in range(0, len(inputs), rows)]
    return np.concatenate(parts) if parts else np.zeros(0, inputs.dtype)


def backward(p: Parameters, trace: Trace, slope: Array) -> Parameters:
    """The gradient of a loss whose slope with respect to each output is given."""
    units = len(p["wo"])
    found = {name: np.zeros_like(value) for name, value in p.items()}
    found["wo"], found["bo"] = trace.hidden[-1].T @ slope, np.array([slope.sum()], slope.dtype)
    hidden: Array = np.outer(slope, p["wo"])
    cell = np.zeros_like(trace.cells[0])
    for step in range(len(trace.gates) - 1, -1, -1):
        entry, forget, output, candidate = np.split(trace.gates[step], 4, axis=1)
        bent = np.tanh(trace.cells[step + 1])
        cell = cell + hidden * output * (1 - bent**2)
        change = np.empty_like(trace.gates[step])
        change[:, :units] = cell * candidate * entry * (1 - entry)
        change[:, units : 2 * units] = cell * trace.cells[step] * forget * (1 - forget)
        change[:, 2 * units : 3 * units] = hidden * bent * output * (1 - output)
        change[:, 3 * units :] = cell * entry * (1 - candidate**2)
        found["wx"] += trace.inputs[:, step].T @ change
        found["wh"] += trace.hidden[step].T @ change
        found["b"] += change.sum(axis=0)
        hidden, cell = change @ p["wh"].T, cell * forget
    return found


class Adam:
    """Kingma and Ba's steps, with gradients held to a length of 5."""

    def __init__(self, p: Parameters, rate: float) -> None:
        self._rate = rate
        self._mean = {name: np.zeros_like(value) for name, value in p.items()}
        self._square = {name: np.zeros_like(value) for name, value in p.items()}
        self._count = 0

    def step(self, p: Parameters, gradient: Parameters) -> None:
        """Move the parameters a step, in place."""
        self._count += 1
        length = float(np.sqrt(sum(float((g**2).sum()) for g in gradient.values())))
        scale = min(1.0, _CLIP / length) if length else 1.0
        for name, value in p.items():
            g = gradient[name] * scale
            self._mean[name] = 0.9 * self._mean[name] + 0.1 * g
            self._square[name] = 0.999 * self._square[name] + 0.001 * g**2
            mean = self._mean[name] / (1 - 0.9**self._count)
            square = self._square[name] / (1 - 0.999**self._count)
            value -= self._rate * mean / (np.sqrt(square) + 1e-8)
