"""Which strategy is run: a user's own or a built-in one, by id, number or name."""

from typing import Any
from uuid import UUID

from services.backtest.tests.conftest import Owner, Store, walk

NOBODYS = "01890a5d-ac96-774b-bcce-b302099a8057"


async def strategies(owner: Owner) -> dict[str, Any]:
    """The built-in strategies by name, as the bots service has them."""
    items = (await owner.stand.ask("bots", "GET", "/strategies", owner.user)).value()["items"]
    return {item["strategy_type"]: item for item in items}


async def test_a_strategy_goes_by_its_id_its_number_or_its_name(owner: Owner, store: Store) -> None:
    await store(walk(10))
    known = (await strategies(owner))["momentum"]
    for asked in ({"strategy_id": known["id"]}, {"strategy_id": known["num"]}, {"strategy": "momentum"}):
        made = (await owner.create(**{"strategy": None, "parameters": {}, **asked})).value()
        assert (made["strategy_id"], made["strategy_num"], made["strategy"]) == (known["id"], known["num"], "momentum")
        assert (await owner.over(made["id"]))["status"] == "completed"


async def test_an_id_that_nobody_knows_is_bound_to_hold(owner: Owner, store: Store) -> None:
    await store(walk(10))
    found = await owner.ran(strategy=None, parameters={}, strategy_id=NOBODYS)
    assert (found["strategy_id"], found["strategy_num"], found["strategy"]) == (NOBODYS, 0, "hold")
    assert (found["status"], found["trades"]) == ("completed", [])


async def test_a_number_that_nobody_knows_is_not_found(owner: Owner, store: Store) -> None:
    await store(walk(10))
    answer = await owner.create(strategy=None, parameters={}, strategy_id=1 << 40)
    assert (answer.status, answer.json()["error"]["message"]) == (404, "strategy not found")


async def test_a_users_own_strategy_runs_as_its_owner_has_set_it_up(owner: Owner, other: Owner, store: Store) -> None:
    await store(walk(10))
    new = {"name": "mine", "strategy_type": "trend", "config": {"fast": 2, "slow": 5}}
    own = (await owner.stand.ask("bots", "POST", "/strategies", owner.user, json=new)).value()
    made = (await owner.create(strategy=None, parameters={"slow": 4}, strategy_id=own["id"])).value()
    assert (made["strategy"], made["parameters"]["fast"], made["parameters"]["slow"]) == ("trend", 2, 4)
    theirs = (await other.create(strategy=None, parameters={}, strategy_id=own["id"])).value()
    assert (theirs["strategy"], theirs["parameters"]) == ("hold", {})
    assert (await other.create(strategy=None, parameters={}, strategy_id=own["num"])).status == 404


async def test_backtests_are_listed_by_their_strategy(owner: Owner, store: Store) -> None:
    await store(walk(10))
    known = await strategies(owner)
    ids = [(await owner.ran(strategy=name, parameters={}))["id"] for name in ("hold", "momentum", "hold")]
    for ref in (known["hold"]["id"], known["hold"]["num"]):
        page = (await owner.ask("GET", "/backtests", query={"strategy": ref})).value()
        assert ([item["id"] for item in page["items"]], page["total"]) == ([ids[2], ids[0]], 2)
    assert (await owner.ask("GET", "/backtests", query={"strategy": str(UUID(int=9))})).value()["total"] == 0


async def test_parameters_take_the_place_of_the_strategys_own_one_by_one(owner: Owner, store: Store) -> None:
    await store(walk(10))
    made = (await owner.create(strategy="trend", parameters={"fast": 4})).value()
    assert made["parameters"] == {"fast": 4}
    refused = await owner.create(strategy="trend", parameters={"fast": 4, "speed": 1})
    assert (refused.status, set(refused.json()["error"]["fields"])) == (422, {"speed"})
