"""A training outlives a kill -9 of the process that runs it, and of what learns for it."""

from pathlib import Path

from millrace.common.testing.elsewhere import elsewhere
from services.ml.tests.conftest import QUICK, SEED, House

WISH = "00000000-0000-7000-8000-000000000077"
LONGER = {**QUICK, "epochs": 40}


async def test_a_killed_training_is_taken_up_again_and_leaves_one_version(house: House) -> None:
    asked = {"hyperparameters": LONGER, "intent_id": WISH}
    async with elsewhere(house.stand, house.user, "ml", f"/models/{SEED}/train", house.training(**asked)) as far:

        async def learning() -> bool:
            running = "select count(*) from ml.jobs where state = 'running' and progress > 0"
            return bool(far.children()) and await far.connection.fetchval(running) == 1

        await house.stand.host.until(learning, 20)
        children = far.children()
    found = await house.over(WISH)
    assert (found["status"], found["error"]) == ("completed", None)
    assert [(m["version"], m["is_active"]) for m in await house.models()] == [("1.0", False), ("1.1", True)]
    assert (await house.train(**asked)).value()["id"] == WISH
    [job] = await house.stand.rows("ml", "select id::text, state, tries, epoch from jobs")
    assert job == {"id": WISH, "state": "succeeded", "tries": 1, "epoch": 2}

    async def gone() -> bool:
        return not any(Path(f"/proc/{child}").exists() for child in children)

    await house.stand.host.until(gone, 5)
