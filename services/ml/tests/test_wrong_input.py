"""Everything that makes no sense is refused in words, and starts nothing."""

from typing import Any

import pytest

from millrace.ml.api.schemas import Hyperparameters
from millrace.ml.domain.recipe import MOST_BARS, Recipe, parts
from services.ml.tests.conftest import QUICK, SEED, House

BAD_NUMBERS: list[tuple[str, Any]] = [
    ("learning_rate", 0),
    ("learning_rate", -1),
    ("learning_rate", 1.5),
    ("learning_rate", "much"),
    ("batch_size", 0),
    ("batch_size", 4097),
    ("batch_size", 1.5),
    ("epochs", 0),
    ("epochs", 1001),
    ("lstm_units", 0),
    ("lstm_units", 129),
    ("lstm_units", None),
    ("dropout", 0.2),
]


@pytest.mark.parametrize(("name", "value"), BAD_NUMBERS, ids=lambda part: str(part))
async def test_hyperparameters_have_bounds(house: House, name: str, value: Any) -> None:
    refused = await house.train(hyperparameters={**QUICK, name: value})
    assert refused.status == 422
    error = refused.json()["error"]
    assert error["code"] == "VALIDATION_ERROR"
    assert name in str(error["fields"])
    assert await house.stand.rows("ml", "select id from trainings") == []


@pytest.mark.parametrize("split", [0, 0.009, 0.91, 1, -0.2, "half"])
async def test_the_split_has_bounds(house: House, split: Any) -> None:
    refused = await house.train(validation_split=split)
    assert refused.status == 422
    assert "validation_split" in str(refused.json()["error"]["fields"])


async def test_a_split_that_leaves_a_part_too_small_is_refused(house: House) -> None:
    refused = await house.train(validation_split=0.02)
    assert refused.json()["error"]["message"] == "validation_split leaves fewer than 20 of 720 candles for a part"


@pytest.mark.parametrize(
    ("start", "end", "why"),
    [
        ("2023-12-01T00:00:00Z", "2023-11-01T00:00:00Z", "must begin before it ends, and in the past"),
        ("2023-11-01T00:00:00Z", "2023-11-01T00:00:00Z", "must begin before it ends, and in the past"),
        ("2024-01-01T00:00:00Z", "2024-03-01T00:00:00Z", "must begin before it ends, and in the past"),
        ("2023-11-28T00:00:00Z", "2024-03-01T00:00:00Z", "learning needs 240 candles of 1h; in this time there are 84"),
        ("2019-01-01T00:00:00Z", "2023-11-01T00:00:00Z", f"at most {MOST_BARS} are learned from"),
    ],
    ids=["backwards", "empty", "future", "short", "long"],
)
async def test_a_time_that_cannot_be_learned_from_is_refused(house: House, start: str, end: str, why: str) -> None:
    refused = await house.train(start=start, end=end)
    assert (refused.status, refused.json()["error"]["code"]) == (400, "INVALID_DATE_RANGE")
    assert why in refused.json()["error"]["message"]


async def test_a_time_of_which_nothing_is_stored_is_refused_at_once(house: House) -> None:
    refused = await house.train(start="2019-01-01T00:00:00Z", end="2019-03-01T00:00:00Z")
    assert (refused.status, refused.json()["error"]["code"]) == (400, "INVALID_DATE_RANGE")
    assert "0 candles of BTC/USDT 1h are stored of this time" in refused.json()["error"]["message"]


@pytest.mark.parametrize("moment", ["yesterday", "2023-11-01", "2023-11-01T00:00:00", None])
async def test_times_name_their_zone(house: House, moment: Any) -> None:
    assert (await house.train(start=moment)).status == 422


async def test_what_would_take_too_long_is_refused_with_a_way_out(house: House) -> None:
    huge = {"epochs": 1000, "lstm_units": 128, "batch_size": 1}
    refused = await house.train(start="2022-06-01T00:00:00Z", hyperparameters=huge)
    error = refused.json()["error"]
    assert refused.status == 422
    assert "ask for fewer epochs, fewer units or a shorter time" in error["message"]


async def test_what_is_not_asked_for_is_refused_and_sets_nothing(house: House) -> None:
    for name in ("user_id", "id", "status", "is_active", "test_score", "new_model_id"):
        assert (await house.train(**{name: "1"})).status == 422
    assert await house.stand.rows("ml", "select id from trainings") == []


@pytest.mark.parametrize("ref", ["nothing", "-1", "1.5", "9" * 30, "%00", "1%20or%201=1"])
async def test_what_names_no_model_is_not_found(house: House, ref: str) -> None:
    assert (await house.ask("GET", f"/models/{ref}")).status == 404
    assert (await house.train(ref)).status == 404


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 5001},
        {"offset": -1},
        {"limit": "many"},
        {"symbol": "nonsense"},
        {"since": "soon"},
        {"since": "2023-11-01T00:00:00"},
    ],
    ids=str,
)
async def test_predictions_refuse_what_cannot_be_meant(house: House, query: dict[str, Any]) -> None:
    assert (await house.ask("GET", "/predictions", **query)).status in (400, 422)


async def test_models_are_found_by_what_they_are(house: House) -> None:
    assert len(await house.models(symbol="btc-usdt", model_type="lstm", is_active=False)) == 1
    for query in ({"symbol": "ETHUSDT"}, {"model_type": "tree"}, {"is_active": True}):
        assert await house.models(**query) == []
    page = (await house.ask("GET", "/models", offset=1)).value()
    assert page == {"items": [], "total": 1, "limit": 50, "offset": 1}
    assert (await house.ask("GET", "/models/1")).value()["id"] == str(SEED)


def test_hyperparameters_become_the_recipes() -> None:
    asked = Hyperparameters.model_validate({"learning_rate": "0.01", "lstm_units": 50})
    recipe = Recipe(**asked.numbers())
    assert (recipe.learning_rate, recipe.units, recipe.batch_size, recipe.epochs) == (0.01, 50, 32, 50)


def test_estimates_grow_with_the_work() -> None:
    small = Recipe().estimated_seconds(1000)
    assert small < Recipe(epochs=100).estimated_seconds(1000)
    assert small < Recipe(units=64).estimated_seconds(1000)
    assert small < Recipe(batch_size=8).estimated_seconds(1000)
    documented = Recipe(learning_rate=0.001, batch_size=32, epochs=100, units=50)
    assert documented.estimated_seconds(243 * 24) < 300


@pytest.mark.parametrize(("count", "split"), [(100, 0.2), (101, 0.33), (7, 0.5), (0, 0.2)])
def test_parts_are_all_there_is(count: int, split: float) -> None:
    found = parts(count, split)
    assert sum(found) == count
    assert found[2] - found[1] in (0, 1)
