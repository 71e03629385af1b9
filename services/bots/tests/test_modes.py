"""The system mode: what it lets bots do, candle by candle, and what autopilot does by itself."""

from decimal import Decimal
from typing import Any

import pytest

from millrace.bots.domain.modes import DRAWN_DOWN, LIVE_IN_TESTING, entry_barred
from millrace.common.events.trading import AccountClosed, OrderState, Side
from millrace.common.events.users import UserDisabled

TREND = {"config": {"parameters": {"fast": 2, "slow": 3}}}


async def choose(owner: Any, mode: str) -> Any:
    """The answer to a change of mode."""
    return (await owner.ask("PUT", "/mode", {"mode": mode})).value()


async def mode(owner: Any) -> str:
    """The mode there is."""
    found: str = (await owner.ask("GET", "/mode")).value()["mode"]
    return found


async def rising(play: Any, bars: Any) -> None:
    """Bars that make the fast trend enter."""
    await play([bars(n, 100) for n in range(3)], heard=False)
    await play([bars(3, 110)])


async def test_a_user_begins_in_testing_and_chooses_for_themselves_alone(owner: Any, new_owner: Any) -> None:
    other = await new_owner()
    assert (await owner.ask("GET", "/mode")).value() == {"mode": "testing", "changed_at": None}
    changed = await choose(owner, "live_trading")
    assert (changed["mode"], await choose(owner, "live_trading")) == ("live_trading", changed)
    assert (await mode(owner), await mode(other)) == ("live_trading", "testing")
    answer = await owner.ask("PUT", "/mode", {"mode": "yolo"})
    assert (answer.status, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR")


async def test_in_testing_a_live_bot_does_not_enter_and_says_why_while_a_paper_bot_does(
    owner: Any, play: Any, bars: Any
) -> None:
    live, paper = await owner.bot(**TREND, trading_mode="live"), await owner.bot(**TREND)
    await rising(play, bars)
    assert (owner.signals(live), len(owner.signals(paper))) == ([], 1)
    assert await owner.skips(live) == {LIVE_IN_TESTING: 1}


@pytest.mark.parametrize("chosen", ["live_trading", "autopilot"])
async def test_in_the_other_modes_a_live_bot_enters(owner: Any, play: Any, bars: Any, chosen: str) -> None:
    live = await owner.bot(**TREND, trading_mode="live")
    await choose(owner, chosen)
    await rising(play, bars)
    assert [signal.side for signal in owner.signals(live)] == [Side.BUY]


async def test_a_live_bot_leaves_its_position_in_every_mode(owner: Any, play: Any, bars: Any) -> None:
    live = await owner.bot(**TREND, trading_mode="live")
    await choose(owner, "live_trading")
    await rising(play, bars)
    await owner.order(owner.signals(live)[0], OrderState.FILLED, 4, 1)
    await choose(owner, "testing")
    await play([bars(4, 50)])
    assert [(s.side, s.reduce_only) for s in owner.signals(live)] == [(Side.BUY, False), (Side.SELL, True)]


async def test_autopilot_runs_its_strategy_within_limits_and_leaving_it_stops_that(owner: Any) -> None:
    await choose(owner, "autopilot")
    (bot,) = (await owner.ask("GET", "/bots")).value()["items"]
    assert (bot["strategy"], bot["status"], bot["timeframe"], bot["trading_mode"]) == (
        "trend",
        "active",
        "1h",
        "paper",
    )
    (run,) = await owner.stand.rows("bots", "select * from strategy_runs")
    assert (run["autopilot"], run["is_active"], run["capital"]) == (True, True, 10_000)
    assert (run["max_position_size"], run["max_drawdown"]) == (Decimal("0.1"), Decimal("0.1"))
    await choose(owner, "testing")
    assert (await owner.row(bot["id"]))["status"] == "stopped"
    await choose(owner, "autopilot")
    assert [b["id"] for b in (await owner.ask("GET", "/bots")).value()["items"]] == [bot["id"]]
    assert (await owner.row(bot["id"]))["status"] == "active"


async def test_autopilot_leaves_alone_what_its_user_had_started(owner: Any) -> None:
    trend = await owner.strategy_id("trend")
    await owner.ask("POST", f"/strategies/{trend}/start")
    await choose(owner, "autopilot")
    await choose(owner, "testing")
    assert (await owner.ask("GET", f"/strategies/{trend}")).value()["is_active"] is True


async def test_without_an_account_there_is_nothing_to_fly_with(owner: Any, new_owner: Any) -> None:
    other = await new_owner()
    other.user = type(other.user)(type(other.user.user_id)(int=9), "stranger", "trader")
    answer = await other.ask("PUT", "/mode", {"mode": "autopilot"})
    assert (answer.status, answer.json()["error"]["code"]) == (409, "INVALID_STATE")
    assert await mode(other) == "testing"


async def test_the_mode_is_testing_again_once_no_account_is_left_or_the_user_is_disabled(
    owner: Any, new_owner: Any
) -> None:
    other = await new_owner()
    for one in (owner, other):
        await choose(one, "live_trading")
    await owner.stand.hear(AccountClosed(user_id=owner.user.user_id, account_id=owner.account_id))
    assert (await mode(owner), await mode(other)) == ("testing", "live_trading")
    await owner.stand.hear(UserDisabled(user_id=other.user.user_id))
    assert await mode(other) == "testing"


async def test_a_viewer_may_read_the_mode_and_not_change_it(owner: Any) -> None:
    owner.user = type(owner.user)(owner.user.user_id, "owner", "viewer")
    assert await mode(owner) == "testing"
    assert (await owner.ask("PUT", "/mode", {"mode": "autopilot"})).status == 403


@pytest.mark.parametrize(
    ("chosen", "trading", "drawdown", "limit", "why"),
    [
        ("testing", "paper", "0", None, None),
        ("testing", "live", "0", None, LIVE_IN_TESTING),
        ("live_trading", "live", "0.5", None, None),
        ("autopilot", "live", "0.0999", "0.1", None),
        ("autopilot", "paper", "0.1", "0.1", DRAWN_DOWN),
        ("testing", "paper", "0.2", "0.1", DRAWN_DOWN),
    ],
)
def test_why_a_bot_may_not_enter(chosen: str, trading: str, drawdown: str, limit: str | None, why: str | None) -> None:
    most = None if limit is None else Decimal(limit)
    row = {"mode": chosen, "trading_mode": trading, "drawdown": Decimal(drawdown), "max_drawdown": most}
    assert entry_barred(row) == why
