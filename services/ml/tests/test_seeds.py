"""The system's models are there from the start, and learn once there is something to learn from."""

from datetime import timedelta

import pytest

from millrace.common.kernel.errors import MillraceError
from millrace.common.runtime.host import Host
from services.ml.tests.conftest import FIRST, HOUR, NEVER, NOW, OFTEN, SEED, House, NewHouse


async def jobs(house: House) -> int:
    """How many trainings there have been."""
    return len(await house.stand.rows("ml", "select id from trainings"))


async def test_they_are_known_before_they_have_learned_and_claim_nothing(house: House) -> None:
    [model] = await house.models()
    assert (model["id"], model["name"], model["version"]) == (str(SEED), "BTC price predictor", "1.0")
    assert (model["is_active"], model["validation_score"], model["test_score"]) == (False, "0", "0")
    assert await jobs(house) == 0


async def test_each_learns_once_by_itself(new_house: NewHouse) -> None:
    house: House = await new_house(OFTEN, symbols="BTCUSDT, ethusdt")
    await house.put(NOW - timedelta(minutes=20), FIRST, "ethusdt")
    await house.active(2)
    models = await house.models()
    assert [(m["name"], m["version"]) for m in models] == [
        ("BTC price predictor", "1.0"),
        ("ETH price predictor", "1.0"),
    ]
    assert all(0.3 < float(m["test_score"]) < 0.7 for m in models)
    await house.turn()
    assert await jobs(house) == 2


async def test_they_do_not_learn_twice_at_a_time_however_long_it_takes(house: House) -> None:
    await house.turn()
    await house.stand.rows("ml", "update trainings set status = 'started'")
    house.clock.advance(3601)
    await house.turn()
    assert await jobs(house) == 1
    await house.active()


async def test_a_market_without_a_past_is_waited_for(new_house: NewHouse) -> None:
    house: House = await new_house(until=FIRST)
    await house.turn()
    await house.put(FIRST + 200 * HOUR)
    await house.turn()
    assert await jobs(house) == 0
    assert not (await house.models())[0]["is_active"]
    await house.put(NOW - timedelta(minutes=20))
    await house.turn()
    await house.active()


async def test_one_that_failed_tries_again_an_hour_later(house: House) -> None:
    await house.turn()
    await house.active()
    await house.stand.rows("ml", "update models set is_active = false")
    await house.stand.rows("ml", "update trainings set status = 'failed'")
    await house.turn()
    assert await jobs(house) == 1
    house.clock.advance(3601)
    await house.turn()
    assert await jobs(house) == 2
    await house.active()


async def test_they_are_planted_once(new_house: NewHouse) -> None:
    house: House = await new_house(NEVER)
    before = await house.models()
    await house.stand.host.stop()
    house.clock.advance(60)
    house.stand.host = Host(house.stand.host.settings, ("marketdata", "ml"), clock=house.clock)
    await house.stand.host.start(migrating=False)
    try:
        assert await house.models() == before
    finally:
        await house.stand.host.stop()


async def test_a_replay_is_not_disturbed(new_house: NewHouse) -> None:
    house: House = await new_house(OFTEN)
    assert house.stand.host.running["ml"].service.loops
    await house.stand.host.stop()
    quiet = house.stand.host.settings.model_copy(update={"clock": "messages"})
    host = Host(quiet, ("marketdata", "ml"))
    await host.start(migrating=False)
    try:
        assert not host.running["ml"].service.loops
    finally:
        await host.stop()


async def test_a_symbol_that_is_none_is_refused_at_start(new_house: NewHouse) -> None:
    with pytest.raises(MillraceError, match="nonsense"):
        await new_house(NEVER, symbols="nonsense")
