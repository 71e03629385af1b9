"""What models said is kept, and what came of it is added when its time has passed."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from math import sqrt

import pytest

from millrace.common.kernel.money import plain
from services.ml.tests.conftest import HOUR, House, NewHouse, hours

SHOWN = {
    *("id", "num", "model_id", "model_num", "symbol", "exchange", "prediction_type", "predicted", "confidence"),
    *("actual", "error", "at", "created_at"),
}


@pytest.fixture
async def lively(house: House) -> House:
    """The system's model has learned."""
    await house.turn()
    await house.active()
    return house


def close_at(at: str) -> Decimal:
    """What the market closed at."""
    moment = datetime.fromisoformat(at) - HOUR
    found: Decimal = next(row[7] for row in hours() if row[3] == moment)
    return found


async def test_a_training_leaves_the_predictions_it_was_tested_by(house: House) -> None:
    model = await house.trained()
    found = await house.said(limit=5000)
    # 720 hours without the first two days: a fifth held out, half of that tested, and the hour that was still to come
    assert found["total"] == 67 + 1
    last, *tested = found["items"]
    assert set(last) == SHOWN
    assert last["at"] == "2023-12-01T01:00:00Z"
    assert (last["model_id"], last["model_num"]) == (model["id"], model["num"])
    assert (last["prediction_type"], last["symbol"], last["exchange"]) == ("price_direction", "BTC/USDT", "binance")
    assert all(0.5 <= float(said["confidence"]) <= 1 for said in found["items"])
    for said in tested:
        assert Decimal(said["actual"]) == close_at(said["at"])
        assert Decimal(said["error"]) == Decimal(said["actual"]) - Decimal(said["predicted"])
        assert said["created_at"] == "2023-12-01T12:20:00Z", "made in hindsight, and it says so"
    assert [(a["at"] > b["at"]) for a, b in pairwise(found["items"])] == [True] * 67


async def test_accuracy_is_that_of_all_that_were_asked_for(house: House) -> None:
    model = await house.trained()
    found = await house.said(limit=5000)
    settled = [said for said in found["items"] if said["actual"] is not None]
    assert found["settled"] == len(settled)
    errors = [float(said["error"]) for said in settled]
    assert float(found["mean_absolute_error"]) == pytest.approx(sum(map(abs, errors)) / len(errors))
    squares = sum(error**2 for error in errors) / len(errors)
    assert float(found["root_mean_square_error"]) == pytest.approx(sqrt(squares))
    right = 0
    for said in settled:
        base = close_at((datetime.fromisoformat(said["at"]) - HOUR).isoformat())
        right += (Decimal(said["predicted"]) > base) == (Decimal(said["actual"]) > base)
    assert float(found["directional_accuracy"]) == pytest.approx(right / len(settled), abs=1e-6)
    assert found["directional_accuracy"] == model["test_score"], "of the test part there is nothing else"
    page = await house.said(limit=3, offset=2)
    assert page["items"] == found["items"][2:5]
    assert {name: page[name] for name in page if name not in ("items", "limit", "offset")} == {
        name: found[name] for name in found if name not in ("items", "limit", "offset")
    }


async def test_predictions_are_found_by_model_symbol_kind_and_time(house: House) -> None:
    model = await house.trained()
    total = (await house.said())["total"]
    for query in ({"model": model["id"]}, {"model": model["num"]}, {"symbol": "btcusdt"}):
        assert (await house.said(**query))["total"] == total
    assert (await house.said(prediction_type="price_direction"))["total"] == total
    assert (await house.said(symbol="ETHUSDT"))["total"] == 0
    assert (await house.said(prediction_type="weather"))["total"] == 0
    [seed] = [m for m in await house.models() if m["version"] == "1.0"]
    assert (await house.said(model=seed["num"]))["total"] == 0
    some = await house.said(since="2023-11-30T00:00:00Z", until="2023-11-30T06:00:00Z")
    assert [said["at"][11:13] for said in some["items"]] == ["05", "04", "03", "02", "01", "00"]
    assert some["settled"] == 6


async def test_without_predictions_every_figure_is_zero(house: House) -> None:
    assert await house.said() == {
        "items": [],
        "total": 0,
        "limit": 50,
        "offset": 0,
        "settled": 0,
        "directional_accuracy": "0",
        "mean_absolute_error": "0",
        "root_mean_square_error": "0",
    }


async def test_a_new_user_has_predictions_to_read_at_once(lively: House) -> None:
    found = await lively.said(user=lively.other)
    assert found["total"] > 50
    assert found["settled"] == found["total"] - 1
    assert 0.3 < float(found["directional_accuracy"]) < 0.7
    assert found["items"][0]["at"] == "2023-12-01T13:00:00Z"
    assert found["items"][0]["actual"] is None


async def test_an_hour_later_the_word_has_come_true_or_not_and_the_next_is_said(lively: House) -> None:
    for hour in ("14", "15"):
        await lively.pass_hour()
        await lively.turn()
        new, old = (await lively.said(limit=2))["items"]
        assert Decimal(old["actual"]) == close_at(old["at"])
        assert new["at"] == f"2023-12-01T{hour}:00:00Z"
        assert new["actual"] is new["error"] is None
        assert new["created_at"] < new["at"], "said before the fact"


async def test_a_word_is_said_once(lively: House) -> None:
    await lively.pass_hour()
    await lively.turn()
    before = await lively.said()
    await lively.turn()
    lively.clock.advance(60)
    await lively.turn()
    assert await lively.said() == before


async def test_a_market_that_is_behind_is_waited_for(lively: House) -> None:
    before = await lively.said()
    lively.clock.advance(2 * 3600)
    await lively.turn()
    assert await lively.said() == before, "no word about what has closed already"
    await lively.put(lively.clock.now() - timedelta(minutes=20))
    await lively.turn()
    new, old = (await lively.said(limit=2))["items"]
    assert new["at"] == "2023-12-01T15:00:00Z"
    assert (old["at"], Decimal(old["actual"])) == ("2023-12-01T13:00:00Z", close_at(old["at"]))


async def test_nothing_is_said_over_a_hole(lively: House) -> None:
    await lively.pass_hour()
    query = "delete from marketdata.candles where opened_at = '2023-12-01T03:00:00Z'"
    await lively.stand.host.running["marketdata"].database.fetch(query)
    before = (await lively.said())["total"]
    await lively.turn()
    assert (await lively.said())["total"] == before


async def test_a_market_that_does_not_answer_is_waited_for(lively: House) -> None:
    await lively.pass_hour()
    market = lively.stand.host.running.pop("marketdata")
    try:
        await lively.turn()
    finally:
        lively.stand.host.running["marketdata"] = market
    assert (await lively.said())["items"][0]["at"] == "2023-12-01T13:00:00Z"
    await lively.turn()
    assert (await lively.said())["items"][0]["at"] == "2023-12-01T14:00:00Z"


async def test_a_users_version_says_its_word_too(lively: House) -> None:
    model = await lively.trained()
    await lively.pass_hour()
    await lively.turn()
    mine = (await lively.said(model=model["id"]))["items"]
    assert (mine[0]["at"], mine[0]["created_at"]) == ("2023-12-01T14:00:00Z", "2023-12-01T13:20:00Z")
    assert mine[1]["at"] == "2023-12-01T01:00:00Z", "the hour after what it learned from"
    seen = (await lively.said(user=lively.other))["items"]
    assert {said["model_num"] for said in seen} == {1}


async def test_predictions_are_exact_numbers_near_the_price(house: House) -> None:
    await house.trained()
    for said in (await house.said(limit=100))["items"]:
        assert said["predicted"] == plain(Decimal(said["predicted"]))
        base = close_at((datetime.fromisoformat(said["at"]) - HOUR).isoformat())
        assert abs(Decimal(said["predicted"]) / base - 1) < Decimal("0.05")


async def test_old_predictions_are_forgotten(new_house: NewHouse) -> None:
    house: House = await new_house(predictions_days="3")
    model = await house.trained()

    async def told() -> set[str]:
        items = (await house.said(model=model["id"], limit=5000))["items"]
        return {said["at"] for said in items}

    before = await told()
    await house.turn()
    left = await told()
    assert left == {at for at in before if at >= "2023-11-28T12:20:00Z"} | {"2023-12-01T13:00:00Z"}
    house.clock.advance(86_400)
    await house.turn()
    assert await told() == {at for at in left if at >= "2023-11-29T12:20:00Z"}
