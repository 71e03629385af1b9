"""Users' own strategies beside the built-in ones: made, read, filtered, changed, deleted."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from millrace.bots.domain.builtin import bound_to, known_parameters
from millrace.common.kernel.errors import MillraceError
from millrace.strategy.registry import BUILTIN

WISH = UUID("00000000-0000-7000-8000-000000000077")

ETH = {
    "name": "ETH Mean Reversion",
    "description": "Bollinger bands",
    "strategy_type": "mean_reversion",
    "symbols": ["ETHUSDT"],
    "timeframes": ["15m", "1h"],
    "config": {"bb_period": 20, "bb_std": 2, "position_size": 0.2, "stop_loss": 0.02, "note": "kept"},
    "risk": {"max_position_size": 1000, "max_drawdown": 0.1},
    "origin": "crypto",
}


async def made(owner: Any, **terms: Any) -> Any:
    """A new strategy."""
    return (await owner.ask("POST", "/strategies", {**ETH, **terms})).value()


async def names(owner: Any, **query: Any) -> list[str]:
    """Of the strategies that a question finds."""
    return [one["name"] for one in (await owner.ask("GET", "/strategies", query=query)).value()["items"]]


async def test_a_strategy_is_kept_as_it_was_given_and_does_not_run(owner: Any) -> None:
    answer = await owner.ask("POST", "/strategies", ETH)
    found = answer.value()
    assert answer.status == 201
    assert {name: found[name] for name in ETH if name not in ("config", "risk")} == {
        name: value for name, value in ETH.items() if name not in ("config", "risk")
    }
    assert (found["is_active"], found["is_paper_trading"], found["builtin"]) == (False, True, False)
    assert (found["started_at"], found["stopped_at"]) == (None, None)
    assert found["config"] == {**ETH["config"], "position_size": "0.2", "stop_loss": "0.02"}  # type: ignore[dict-item]
    assert found["risk"] == {"max_position_size": "1000", "max_drawdown": "0.1"}
    assert found["metrics"] == dict.fromkeys(("total_return", "sharpe_ratio", "max_drawdown", "win_rate"))
    for ref in (found["id"], found["num"]):
        assert (await owner.ask("GET", f"/strategies/{ref}")).value() == found


async def test_what_a_type_does_not_know_has_no_effect(owner: Any) -> None:
    found = await made(owner)
    assert set(found["parameters"]) == {"bb_period", "bb_std", "position_size", "stop_loss"}
    assert (found["bound"], found["config"]["note"]) == ("mean_reversion", "kept")


@pytest.mark.parametrize("kind", ["grid", "dca", " Arbitrage", "x" * 50])
async def test_a_type_that_nobody_knows_is_refused_with_the_known_ones(owner: Any, kind: str) -> None:
    mine = await made(owner)
    for method, path in (("POST", "/strategies"), ("PUT", f"/strategies/{mine['id']}")):
        answer = await owner.ask(method, path, {"name": "mine", "strategy_type": kind})
        error = answer.json()["error"]
        assert (answer.status, error["code"], error["details"]["allowed"]) == (422, "VALIDATION_ERROR", list(BUILTIN))
        assert "strategy_type must be one of hold, mean_reversion, momentum, trend" in error["message"]
    assert await names(owner) == [*BUILTIN, mine["name"]], "nothing was made"


async def test_a_type_of_an_older_version_does_not_stand_in_the_way_of_other_changes(owner: Any) -> None:
    mine = await made(owner)
    await owner.stand.rows("bots", "update strategies set strategy_type = 'grid' where num = $1", mine["num"])
    path = f"/strategies/{mine['id']}"
    found = (await owner.ask("PUT", path, {"name": "old", "strategy_type": "grid"})).value()
    assert (found["name"], found["strategy_type"], found["bound"]) == ("old", "grid", "hold")
    assert (await owner.ask("PUT", path, {"strategy_type": "Trend-Following"})).value()["bound"] == "trend"


@pytest.mark.parametrize("kind", ["custom", "hold"])
async def test_what_names_no_type_is_accepted_and_never_trades(owner: Any, kind: str) -> None:
    found = await made(owner, strategy_type=kind, config={"position_size": "everything", "levels": [1, 2]})
    assert (found["strategy_type"], found["bound"], found["parameters"]) == (kind, "hold", {})


async def test_lists_hold_the_built_in_ones_and_the_users_own_by_pages(owner: Any, new_owner: Any) -> None:
    other = await new_owner()
    await made(other, name="theirs")
    await made(owner, name="mine")
    assert set(await names(owner)) == {*BUILTIN, "mine"}
    page = (await owner.ask("GET", "/strategies", query={"limit": 2, "offset": 3})).value()
    assert ([one["name"] for one in page["items"]][1:], page["total"]) == (["mine"], 5)
    assert await names(owner, strategy_type="mean_reversion") == ["mean_reversion", "mine"]
    assert await names(owner, is_active="true") == []
    assert len(await names(owner, is_active="false")) == 5


async def test_a_change_replaces_what_is_given(owner: Any) -> None:
    found = await made(owner)
    changed = (
        await owner.ask("PUT", f"/strategies/{found['num']}", {"name": "new", "config": {"bb_period": 9}})
    ).value()
    assert (changed["name"], changed["description"]) == ("new", ETH["description"])
    assert (changed["config"], changed["parameters"], changed["is_active"]) == (
        {"bb_period": 9},
        {"bb_period": 9},
        False,
    )
    assert changed["created_at"] == found["created_at"] < changed["updated_at"]


@pytest.mark.parametrize(
    ("code", "field", "terms"),
    [
        ("VALIDATION_ERROR", "name", {"name": ""}),
        ("VALIDATION_ERROR", "bb_period", {"config": {"bb_period": "long"}}),
        ("VALIDATION_ERROR", "bb_std", {"config": {"bb_std": True}}),
        ("VALIDATION_ERROR", "stop_loss", {"config": {"stop_loss": 2}}),
        ("VALIDATION_ERROR", "max_drawdown", {"risk": {"max_drawdown": 1.5}}),
        ("VALIDATION_ERROR", "is_active", {"is_active": True}),
        ("VALIDATION_ERROR", "user_id", {"user_id": str(uuid4())}),
        ("VALIDATION_ERROR", "symbols", {"symbols": ["BTC/USDT"] * 20, "timeframes": ["1m", "5m", "1h"]}),
        ("INVALID_SYMBOL", "", {"symbols": ["ETHUSDT", "NOPE"]}),
        ("INVALID_SYMBOL", "", {"symbols": ["ETHUSDT", "BTC/ZAR"]}),
        ("INVALID_TIMEFRAME", "", {"timeframes": ["7m"]}),
    ],
)
async def test_a_strategy_that_makes_no_sense_is_refused_with_the_field(
    owner: Any, code: str, field: str, terms: Any
) -> None:
    error = (await owner.ask("POST", "/strategies", {**ETH, **terms})).json()["error"]
    assert error["code"] == code
    assert not field or any(field in name for name in error["fields"]), error
    assert len(await names(owner)) == len(BUILTIN)


async def test_a_wrong_change_changes_nothing(owner: Any) -> None:
    found = await made(owner)
    terms = {"name": "new", "config": {"bb_period": 0}, "is_active": True}
    assert (await owner.ask("PUT", f"/strategies/{found['id']}", terms)).status == 422
    assert (await owner.ask("GET", f"/strategies/{found['id']}")).value() == found


async def test_a_built_in_strategy_can_be_run_and_not_changed(owner: Any) -> None:
    trend = await owner.strategy_id("trend")
    for method, terms in (("PUT", {"name": "mine"}), ("DELETE", None)):
        answer = await owner.ask(method, f"/strategies/{trend}", terms)
        assert (answer.status, answer.json()["error"]["code"]) == (409, "INVALID_STATE")
    assert "trend" in await names(owner)


async def test_what_belongs_to_others_is_not_there(owner: Any, new_owner: Any) -> None:
    other = await new_owner()
    theirs = await made(other)
    asked = [("GET", "", None), ("PUT", "", {"name": "mine"}), ("POST", "/start", None), ("POST", "/stop", None)]
    for method, verb, terms in (*asked, ("DELETE", "", None)):
        refs = (theirs["id"], theirs["num"], uuid4(), 10**9)
        answers = [await owner.ask(method, f"/strategies/{ref}{verb}", terms) for ref in refs]
        assert {answer.status for answer in answers} == {404}
        assert len({answer.json()["error"]["message"] for answer in answers}) == 1
    assert (await other.ask("GET", f"/strategies/{theirs['id']}")).value() == theirs


async def test_a_deleted_strategy_is_gone(owner: Any) -> None:
    found = await made(owner)
    assert (await owner.ask("DELETE", f"/strategies/{found['num']}")).value() == {k: found[k] for k in ("id", "num")}
    assert (await owner.ask("GET", f"/strategies/{found['id']}")).status == 404
    assert (await owner.ask("DELETE", f"/strategies/{found['id']}")).status == 404


@pytest.mark.parametrize(
    ("kind", "bound"),
    [("trend", "trend"), ("Trend-Following", "trend"), ("MOMENTUM", "momentum"), ("mean reversion", "mean_reversion")],
)
def test_types_are_read_in_any_spelling(kind: str, bound: str) -> None:
    assert bound_to(kind) == bound


def test_a_wrong_parameter_is_named_with_the_class_that_refuses_it() -> None:
    with pytest.raises(MillraceError, match="parameters of trend: slow must be greater than fast") as refused:
        known_parameters("trend", {"fast": 9, "slow": 3, "other": object()})
    assert set(refused.value.fields) == {"slow"}


async def test_a_wish_for_a_strategy_that_comes_again_makes_no_second_one(owner: Any) -> None:
    wishes = [await made(owner, intent_id=str(WISH)) for _ in range(3)]
    assert wishes == [wishes[0]] * 3
    assert (await names(owner)).count("ETH Mean Reversion") == 1
