"""A backtest outlives a kill -9 of the process that runs it, computation and all."""

from datetime import timedelta
from pathlib import Path

from millrace.common.testing.elsewhere import elsewhere
from services.backtest.tests.conftest import START, Owner, Store, walk

HOURS = 2000
WISH = "019b8dd8-8200-7000-8000-000000000001"


async def test_a_killed_backtest_is_taken_up_again_and_comes_to_the_same_end_once(owner: Owner, store: Store) -> None:
    await store(walk(HOURS))
    asked = {"end": (START + timedelta(hours=HOURS)).isoformat()}
    undisturbed = await owner.ran(**asked)
    async with elsewhere(
        owner.stand, owner.user, "backtest", "/backtests", owner.asked(**asked, intent_id=WISH)
    ) as far:

        async def computing() -> bool:
            running = "select count(*) from backtest.jobs where state = 'running'"
            return bool(far.children()) and await far.connection.fetchval(running) == 1

        await owner.stand.host.until(computing, 20)
        children = far.children()
    found = await owner.over(WISH)
    assert (found["status"], found["digest"]) == ("completed", undisturbed["digest"])
    assert (await owner.create(**asked, intent_id=WISH)).value()["id"] == WISH
    rows = await owner.stand.rows("backtest", "select id::text, state, tries, epoch from jobs order by id")
    assert [(r["state"], r["tries"], r["epoch"]) for r in rows if r["id"] == WISH] == [("succeeded", 1, 2)]
    assert len(rows) == 2

    async def gone() -> bool:
        return not any(Path(f"/proc/{child}").exists() for child in children)

    await owner.stand.host.until(gone, 5)
