"""The network's slopes are those of its outputs, and its steps lead down."""

import numpy as np
import pytest

from millrace.ml.domain import lstm


def network(units: int = 3, features: int = 2) -> lstm.Parameters:
    return lstm.begin(features, units, np.random.default_rng(1), np.float64)


@pytest.mark.parametrize("name", ["wx", "wh", "b", "wo", "bo"])
def test_gradients_agree_with_differences(name: str) -> None:
    p, rng = network(), np.random.default_rng(2)
    inputs, wanted = rng.normal(size=(4, 5, 2)), rng.normal(size=4)

    def loss() -> float:
        return float(((lstm.forward(p, inputs)[0] - wanted) ** 2).sum())

    said, trace = lstm.forward(p, inputs)
    found = lstm.backward(p, trace, 2 * (said - wanted))[name]
    flat, step = p[name].reshape(-1), 1e-6
    for place in range(len(flat)):
        kept = flat[place]
        flat[place] = kept + step
        above = loss()
        flat[place] = kept - step
        below = loss()
        flat[place] = kept
        assert found.reshape(-1)[place] == pytest.approx((above - below) / (2 * step), rel=1e-5, abs=1e-7)


def test_rows_of_a_batch_do_not_touch_each_other() -> None:
    p, inputs = network(), np.random.default_rng(3).normal(size=(6, 5, 2))
    together, _ = lstm.forward(p, inputs)
    alone = [lstm.forward(p, inputs[k : k + 1])[0][0] for k in range(6)]
    assert together == pytest.approx(alone)
    assert lstm.outputs(p, inputs, rows=4) == pytest.approx(alone)
    assert len(lstm.outputs(p, inputs[:0])) == 0


def test_it_remembers_what_it_saw_first() -> None:
    rng = np.random.default_rng(4)
    inputs = rng.normal(size=(256, 8, 1))
    wanted = inputs[:, 0, 0]
    p = lstm.begin(1, 8, rng, np.float64)
    adam, losses = lstm.Adam(p, 0.02), []
    for _ in range(150):
        said, trace = lstm.forward(p, inputs)
        losses.append(float(np.mean((said - wanted) ** 2)))
        adam.step(p, lstm.backward(p, trace, 2 * (said - wanted) / len(wanted)))
    assert losses[-1] < 0.05 < 0.5 < losses[0]


def test_a_wild_gradient_moves_no_parameter_further_than_the_rate() -> None:
    p = network()
    before = {name: value.copy() for name, value in p.items()}
    lstm.Adam(p, 0.1).step(p, {name: np.full_like(value, 1e9) for name, value in p.items()})
    for name, value in p.items():
        assert np.abs(value - before[name]).max() <= 0.1 + 1e-9


def test_nothing_moves_where_nothing_slopes() -> None:
    p = network()
    before = {name: value.copy() for name, value in p.items()}
    lstm.Adam(p, 0.1).step(p, {name: np.zeros_like(value) for name, value in p.items()})
    assert all(np.array_equal(value, before[name]) for name, value in p.items())


def test_it_begins_open_to_the_past_and_as_small_as_asked() -> None:
    p = lstm.begin(6, 10, np.random.default_rng(1))
    assert {name: value.shape for name, value in p.items()} == {
        "wx": (6, 40),
        "wh": (10, 40),
        "b": (40,),
        "wo": (10,),
        "bo": (1,),
    }
    assert (p["b"][10:20] == 1).all()
    assert all(value.dtype == np.float32 for value in p.values())
