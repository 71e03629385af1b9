"""A training is a durable job that leaves a version of the user's own."""

from typing import Any
from uuid import UUID

import orjson
import pytest

from millrace.common.runtime.host import Host
from millrace.ml.app.trainings import Trainings
from services.ml.tests.conftest import QUICK, SEED, House

WISH = UUID("00000000-0000-7000-8000-000000000077")


async def test_a_training_answers_at_once_and_tells_how_far_it_is(house: House) -> None:
    answer = await house.train(hyperparameters={**QUICK, "epochs": 60, "lstm_units": 32})
    assert answer.status == 201
    told = answer.value()
    assert told["model_id"] == str(SEED)
    assert (told["status"], told["progress"], told["started_at"]) == ("started", 0.0, "2023-12-01T12:20:00Z")
    assert told["estimated_duration"] == "1 minute"
    seen = []

    async def under_way() -> bool:
        seen.append((await house.ask("GET", f"/trainings/{told['id']}")).value()["progress"])
        return 0 < seen[-1] < 1

    await house.stand.host.until(under_way, 30)
    found = await house.over(told["id"])
    assert (found["status"], found["progress"], found["error"]) == ("completed", 1.0, None)
    assert seen == sorted(seen)


async def test_a_completed_training_is_a_version_with_scores(house: House) -> None:
    model = await house.trained()
    assert model["version"] == "1.1"
    assert model["is_active"]
    assert model["model_type"] == "lstm"
    assert model["symbol"] == "BTC/USDT"
    assert 0.2 < float(model["validation_score"]) < 0.8
    assert 0.2 < float(model["test_score"]) < 0.8
    assert len(model["features"]) == 6
    assert set(model) == {
        *("id", "num", "name", "model_type", "symbol", "timeframe", "version", "is_active", "validation_score"),
        *("test_score", "features", "created_at", "updated_at"),
    }


async def test_the_next_version_takes_the_place_of_the_last(house: House) -> None:
    first = await house.trained()
    second = await house.trained(first["num"])
    assert (first["version"], second["version"]) == ("1.1", "1.2")
    assert {m["version"]: m["is_active"] for m in await house.models()} == {"1.0": False, "1.1": False, "1.2": True}
    [kept] = await house.stand.rows("ml", "select model_id::text from weights")
    assert kept["model_id"] == second["id"]


async def test_two_trainings_of_one_model_do_not_run_side_by_side(house: House) -> None:
    slow = {**QUICK, "epochs": 300, "lstm_units": 32}
    first = (await house.train(hyperparameters=slow)).value()
    refused = await house.train()
    assert refused.status == 409
    assert refused.json()["error"]["code"] == "INVALID_STATE"
    assert (await house.train(user=house.other)).status == 201, "another user's is another model"
    assert (await house.ask("POST", f"/trainings/{first['id']}/cancel")).status == 200


async def test_a_training_can_be_cancelled_and_leaves_nothing(house: House) -> None:
    started = (await house.train(hyperparameters={**QUICK, "epochs": 500, "lstm_units": 32})).value()
    assert (await house.ask("POST", f"/trainings/{started['id']}/cancel")).status == 200
    assert (await house.over(started["id"]))["status"] == "cancelled"
    assert [m["version"] for m in await house.models()] == ["1.0"]
    again = await house.ask("POST", f"/trainings/{started['id']}/cancel")
    assert (again.status, again.json()["error"]["code"]) == (409, "INVALID_STATE")
    assert (await house.trained())["version"] == "1.1", "and the next may begin"


async def test_what_the_market_has_lost_since_it_was_asked_for_is_said(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def there(*asked: Any) -> None:
        """As if it had been stored then."""

    monkeypatch.setattr(Trainings, "check", there)
    started = (await house.train(start="2022-01-01T00:00:00Z", end="2022-02-01T00:00:00Z")).value()
    found = await house.over(started["id"])
    assert found["status"] == "failed"
    assert found["error"] == "0 candles of BTC/USDT 1h are stored of this time; learning needs 240"
    assert found["new_model_id"] is None


async def test_a_training_outlives_the_process_that_ran_it(house: House) -> None:
    started = (await house.train(hyperparameters={**QUICK, "epochs": 100})).value()

    async def running() -> bool:
        [row] = await house.stand.rows("ml", "select state from jobs")
        return bool(row["state"] == "running")

    await house.stand.host.until(running)
    await house.stand.host.stop()
    house.stand.host = Host(house.stand.host.settings, ("marketdata", "ml"), clock=house.clock)
    await house.stand.host.start(migrating=False)
    try:
        found = await house.over(started["id"])
        assert found["status"] == "completed"
        assert [m["version"] for m in await house.models()] == ["1.0", "1.1"]
    finally:
        await house.stand.host.stop()


async def test_doing_a_finished_training_again_adds_nothing(house: House) -> None:
    await house.trained()
    before = await house.said()
    # as if the process had died between the commit and the end of the job
    await house.stand.rows("ml", "update jobs set state = 'pending', finished_at = null")

    async def done() -> bool:
        [row] = await house.stand.rows("ml", "select state, epoch from jobs")
        return bool(row["state"] == "succeeded" and row["epoch"] == 2)

    await house.stand.host.until(done)
    assert [m["version"] for m in await house.models()] == ["1.0", "1.1"]
    assert await house.said() == before


async def test_the_stretch_is_split_as_asked(house: House) -> None:
    await house.trained(validation_split=0.5)
    [job] = await house.stand.rows("ml", "select result::text from jobs")
    train, validation, test = orjson.loads(job["result"])["samples"]
    assert (train + validation + test, train, validation) == (720 - 48, 336, 168)


async def test_the_service_tells_how_its_jobs_stand(house: House) -> None:
    await house.trained()
    stats = (await house.ask("GET", "/jobs/stats")).value()
    assert stats == {"pending": 0, "running": 0, "completed": 1, "failed": 0, "workers": 2}


async def test_a_wish_for_a_training_that_comes_again_begins_no_second_one(house: House) -> None:
    slow = {"hyperparameters": {**QUICK, "epochs": 300, "lstm_units": 32}, "intent_id": str(WISH)}
    begun = [(await house.train(**slow)).value()["id"] for _ in range(3)]
    assert begun == [str(WISH)] * 3
    assert (await house.train(user=house.other, **slow)).status == 409
    assert (await house.ask("POST", f"/trainings/{WISH}/cancel")).status == 200
    assert (await house.over(str(WISH)))["status"] == "cancelled"
    assert (await house.train(**slow)).value()["status"] == "cancelled"
    assert len(await house.stand.rows("ml", "select from trainings where user_id is not null")) == 1
