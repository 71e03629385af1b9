"""A model learns what is there to be learned, claims no more, and is never told what comes later."""

from dataclasses import replace

import pytest

from millrace.ml.domain.learning import CannotLearn, foretell, learn
from millrace.ml.domain.recipe import HISTORY, Bars, Learned, Recipe, parts
from services.ml.tests.conftest import made

RECIPE = Recipe(split=0.3, learning_rate=0.01, batch_size=64, epochs=4, units=6, seed=7)


def learned(bars: Bars, recipe: Recipe = RECIPE) -> Learned:
    return learn(lambda *_: None, bars, recipe)


def changed(bars: Bars, since: int) -> Bars:
    """The same market with another fate from bar number `since` on."""
    other = made(len(bars.close), seed=99)
    turn = bars.close[since - 1] / other.close[since - 1]
    closes = (*bars.close[:since], *(close * turn for close in other.close[since:]))
    return replace(bars, close=closes, volume=(*bars.volume[:since], *other.volume[since:]))


@pytest.fixture(scope="module")
def remembering() -> tuple[Bars, Learned]:
    """A market whose next step can be told two times out of three, and what was learned of it."""
    bars = made(2500, memory=0.5)
    return bars, learned(bars)


def test_it_finds_what_is_there(remembering: tuple[Bars, Learned]) -> None:
    _, found = remembering
    assert 0.58 < found.test_score < 0.76
    assert 0.58 < found.validation_score < 0.76


def test_it_finds_nothing_in_pure_chance() -> None:
    found = learned(made(2500))
    assert 0.42 < found.test_score < 0.58


def test_it_counts_its_samples_in_order_of_time(remembering: tuple[Bars, Learned]) -> None:
    bars, found = remembering
    assert sum(found.samples) == len(bars.close) - HISTORY
    assert found.samples == parts(sum(found.samples), RECIPE.split)
    tested = [said.index for said in found.forecasts]
    assert tested == list(range(len(bars.close) - found.samples[2] - 1, len(bars.close)))


def test_its_score_is_that_of_the_forecasts_it_shows(remembering: tuple[Bars, Learned]) -> None:
    bars, found = remembering
    closes = bars.close
    right = [(s.log_return > 0) == (closes[s.index + 1] > closes[s.index]) for s in found.forecasts[:-1]]
    assert found.test_score == pytest.approx(sum(right) / len(right))


def test_confidence_is_about_how_often_it_is_right(remembering: tuple[Bars, Learned]) -> None:
    bars, found = remembering
    closes = bars.close
    sure = [s for s in found.forecasts[:-1] if s.confidence > 0.7]
    right = [(s.log_return > 0) == (closes[s.index + 1] > closes[s.index]) for s in sure]
    assert len(sure) > 30
    assert sum(right) / len(right) == pytest.approx(sum(s.confidence for s in sure) / len(sure), abs=0.1)
    assert all(0.5 <= s.confidence <= 1 for s in found.forecasts)


def test_another_future_of_the_test_part_teaches_it_nothing(remembering: tuple[Bars, Learned]) -> None:
    bars, found = remembering
    since = len(bars.close) - found.samples[2]
    other = learned(changed(bars, since))
    assert other.parameters == found.parameters
    assert other.validation_score == found.validation_score
    assert other.forecasts[0] == found.forecasts[0], "the first was said before anything had changed"
    assert other.forecasts[-1] != found.forecasts[-1]


def test_the_validation_part_chooses_the_epoch_and_sets_no_scale() -> None:
    bars, one = made(600, memory=0.5), replace(RECIPE, epochs=1)
    found = learned(bars, one)
    other = learned(changed(bars, len(bars.close) - found.samples[2] - found.samples[1]), one)
    assert foretold(other, bars) == pytest.approx(foretold(found, bars)), "one epoch leaves nothing to choose"


def foretold(model: Learned, bars: Bars) -> float:
    said = foretell(model.parameters, bars)
    assert said is not None
    return said.log_return


def test_it_says_later_what_it_said_at_the_end_of_its_training(remembering: tuple[Bars, Learned]) -> None:
    bars, found = remembering
    last = slice(len(bars.close) - HISTORY, None)
    recent = Bars(bars.step, bars.opened_at[last], bars.close[last], bars.volume[last])
    said = foretell(found.parameters, recent)
    assert said is not None
    assert said.index == HISTORY - 1
    assert said.log_return == pytest.approx(found.forecasts[-1].log_return, rel=1e-3, abs=1e-7)
    assert said.confidence == pytest.approx(found.forecasts[-1].confidence, abs=1e-3)


def test_it_says_nothing_over_a_hole(remembering: tuple[Bars, Learned]) -> None:
    bars, found = remembering
    last = slice(len(bars.close) - HISTORY, None)
    opened = bars.opened_at[last]
    torn = Bars(bars.step, (opened[0] - bars.step, *opened[1:]), bars.close[last], bars.volume[last])
    assert foretell(found.parameters, torn) is None
    assert foretell(found.parameters, made(HISTORY - 1)) is None


def test_the_same_recipe_gives_the_same_model() -> None:
    bars = made(400)
    assert learned(bars) == learned(bars)
    assert learned(bars).parameters != learned(bars, replace(RECIPE, seed=8)).parameters


def test_it_tells_how_far_it_is_after_every_epoch() -> None:
    told: list[tuple[float, str]] = []
    learn(lambda progress, note: told.append((progress, note)), made(400), RECIPE)
    assert [progress for progress, _ in told] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert told[0][1] == "epoch 0 of 4"
    assert told[-1][1].startswith("epoch 4 of 4, validation loss ")


def test_too_few_bars_are_refused_in_words() -> None:
    with pytest.raises(CannotLearn, match="52 unbroken stretches of candles are too few"):
        learned(made(100))


def test_holes_make_bars_too_few() -> None:
    bars = made(500)
    opened = tuple(at + at // (HISTORY * bars.step) * bars.step for at in bars.opened_at)
    with pytest.raises(CannotLearn):
        learned(replace(bars, opened_at=opened))


def test_the_longest_steps_that_may_be_asked_for_leave_a_finite_model() -> None:
    found = learned(made(400), replace(RECIPE, learning_rate=1.0, epochs=3))
    assert all(abs(said.log_return) <= 1 for said in found.forecasts)


def test_learning_that_comes_to_nothing_ends_in_words() -> None:
    with pytest.raises(CannotLearn, match="ask for a smaller learning_rate"):
        learned(made(400), replace(RECIPE, learning_rate=1e38, epochs=2))


def test_a_market_that_never_moves_is_learned_without_a_word_of_complaint() -> None:
    still = Bars(60, tuple(range(0, 60 * 400, 60)), (5.0,) * 400, (1.0,) * 400)
    found = learned(still)
    assert all(0.5 <= said.confidence <= 1 for said in found.forecasts)
