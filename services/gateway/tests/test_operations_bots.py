"""Bots: the questions put to their service, and the one row in canonical words."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.contracts.canonical import bots
from millrace.contracts.canonical.frame import ById
from millrace.contracts.names import Contract
from millrace.gateway.app.operations import HANDLERS
from services.gateway.tests import rows
from services.gateway.tests.fakes import INTENT, NOW, ONE, THREE, TWO, Services, asking

BOT = f"/bots/{ONE}"
BY_ID = ById(id=UUID(ONE))


def test_a_row_is_told_in_full() -> None:
    found = bots_of(rows.bot(accounts=[TWO, THREE]))
    assert found.accounts == (TWO, THREE), "the one it trades on comes first, and each once"
    assert found.config == {"leverage": 1, "position_size": 0.25}
    assert (found.profit, found.total_profit) == (Decimal("0.05"), Decimal(50))
    assert (found.origin, found.created_at) == (Contract.APPLICATION, NOW)
    assert bots_of(rows.bot(origin="autopilot")).origin is None


def bots_of(row: dict[str, Any]) -> bots.Bot:
    from millrace.gateway.app.operations.bots import bot

    return bot(row)


async def do(operation: str, services: Services, wish: Any, **changes: Any) -> Any:
    return await HANDLERS[operation](asking(services, **changes), wish)


@pytest.mark.parametrize(
    ("wish", "query"),
    [
        (bots.ListBots(), {"status": None, "exchange": None, "limit": 50, "offset": 0}),
        (
            bots.ListBots(statuses=("active", "paused"), exchange="luno", limit=5000, offset=3),
            {"status": ["active", "paused"], "exchange": "luno", "limit": 1000, "offset": 3},
        ),
        (
            bots.ListBots(user=UUID(TWO)),
            {"status": None, "exchange": None, "limit": 50, "offset": 0, "user": UUID(TWO)},
        ),
        (bots.ListBots(everybody=True), {"status": None, "exchange": None, "limit": 50, "offset": 0, "user": "all"}),
    ],
)
async def test_bots_are_listed_as_asked(wish: bots.ListBots, query: dict[str, Any]) -> None:
    services = Services({"bots GET /bots": rows.page(rows.bot(), total=7)})
    found = await do("bots.list", services, wish)
    assert services.last["query"] == query
    assert ([str(one.id) for one in found.items], found.total) == ([ONE], 7)
    assert (found.limit, found.offset) == (wish.limit, wish.offset)


async def test_a_users_number_names_nobody_whose_bots_can_be_listed() -> None:
    services = Services()
    with pytest.raises(MillraceError) as refused:
        await do("bots.list", services, bots.ListBots(user=7))
    assert (refused.value.code, services.calls) == (Code.NOT_FOUND, [])


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, {"timeframe": "1h", "config": {}}),
        ({"symbol": "BTC/USDT", "spelling": "btc-usdt"}, {"timeframe": "1h", "config": {}, "symbol": "btc-usdt"}),
        ({"symbol": "BTC/USDT"}, {"timeframe": "1h", "config": {}, "symbol": "BTC/USDT"}),
        ({"config": {"timeframe": "4h", "size": Decimal("0.5")}}, {"config": {"timeframe": "4h", "size": 0.5}}),
        ({"strategy_id": 17, "config": {}}, {"timeframe": "1h", "config": {}, "strategy_id": 17}),
        ({"timeframe": "1d", "exchange": "luno"}, {"timeframe": "1d", "exchange": "luno", "config": {}}),
    ],
)
async def test_a_new_bot_is_sent_as_it_was_described(given: dict[str, Any], sent: dict[str, Any]) -> None:
    services = Services({"bots POST /bots": rows.bot(status="created")})
    found = await do("bots.create", services, bots.CreateBot(name="b", origin=Contract.NETWORK, **given), intent=INTENT)
    always = {"name": "b", "origin": "network", "trading_mode": "paper", "risk_mode": "balanced"}
    assert services.last["json"] == {**always, "initial_capital": Decimal(0), "intent_id": INTENT, **sent}
    assert found.status == "created"


async def test_one_bot_is_told_with_how_it_did() -> None:
    services = Services({f"bots GET {BOT}": rows.bot(), "portfolio GET /performance": rows.performance()})
    found = await do("bots.get", services, BY_ID)
    whole = {"bot_id": ONE, "period": "all", "currency": "USDT"}
    assert services.last["query"] == {**whole, "capital": "1000"}
    assert found.metrics["total_return"] == 5.0
    assert found.metrics["win_rate"] == 75.0
    assert found.metrics["max_drawdown"] == 12.5
    assert found.metrics["sharpe_ratio"] == 1.2346
    assert found.metrics["total_trades"] == 4
    services.answers[f"bots GET {BOT}"] = rows.bot(symbol="BTC/ZAR", initial_capital="0")
    await do("bots.get", services, BY_ID)
    assert services.last["query"] == {**whole, "currency": "ZAR", "capital": None}


async def test_a_number_names_a_bot_too() -> None:
    services = Services({"bots GET /bots/17": rows.bot(), "portfolio GET /performance": rows.performance()})
    await do("bots.get", services, ById(id=17))
    assert services.calls[0] == ("bots", "GET", "/bots/17")
    assert services.last["query"]["bot_id"] == ONE


@pytest.mark.parametrize(
    ("wish", "sent"),
    [
        ({"name": "new"}, {"name": "new"}),
        ({"config": {"a": Decimal("1.50")}}, {"config": {"a": 1.5}}),
        ({}, {}),
    ],
)
async def test_a_change_sends_what_was_given(wish: dict[str, Any], sent: dict[str, Any]) -> None:
    services = Services({f"bots PATCH {BOT}": rows.bot()})
    await do("bots.update", services, bots.UpdateBot(id=UUID(ONE), **wish))
    assert services.last["json"] == sent


@pytest.mark.parametrize("verb", ["start", "pause", "stop"])
async def test_a_verb_is_the_services_own(verb: Any) -> None:
    services = Services({f"bots POST {BOT}/{verb}": rows.bot(status="paused")})
    found = await do("bots.change", services, bots.ChangeBot(id=UUID(ONE), verb=verb))
    assert (services.calls, found.status) == ([("bots", "POST", f"{BOT}/{verb}")], "paused")


@pytest.mark.parametrize(
    ("status", "verb"), [("created", "start"), ("stopped", "start"), ("paused", "resume"), ("active", "resume")]
)
async def test_resuming_a_bot_at_rest_starts_it(status: str, verb: str) -> None:
    services = Services({f"bots GET {BOT}": rows.bot(status=status), f"bots POST {BOT}/{verb}": rows.bot()})
    await do("bots.change", services, bots.ChangeBot(id=UUID(ONE), verb="resume"))
    assert services.calls[-1] == ("bots", "POST", f"{BOT}/{verb}")


async def test_it_is_deleted_held_and_linked() -> None:
    link = bots.LinkAccount(id=UUID(ONE), account_id=UUID(TWO))
    services = Services(
        {
            f"bots DELETE {BOT}": rows.bot(status="stopped"),
            f"bots POST {BOT}/hold": rows.bot(status="paused"),
            f"bots POST {BOT}/accounts/{TWO}": rows.bot(accounts=[TWO]),
            f"bots DELETE {BOT}/accounts/{TWO}": rows.bot(),
        }
    )
    gone = await do("bots.delete", services, BY_ID)
    assert (gone.subject, gone.at) == (ONE, NOW)
    assert (await do("bots.hold", services, BY_ID)).status == "paused"
    assert services.last["json"] == {}
    assert (await do("bots.connect", services, link)).accounts == (TWO,)
    assert (await do("bots.disconnect", services, link)).accounts == (TWO,)
    assert services.calls[-1] == ("bots", "DELETE", f"{BOT}/accounts/{TWO}")


@pytest.mark.parametrize("operation", ["bots.connect", "bots.disconnect"])
async def test_an_account_has_no_number_to_be_linked_by(operation: str) -> None:
    with pytest.raises(MillraceError) as refused:
        await do(operation, Services(), bots.LinkAccount(id=1, account_id=2))
    assert refused.value.code is Code.NOT_FOUND


async def test_ending_a_bot_counts_accounts_and_tells_what_stayed() -> None:
    legs = (rows.leg(0, TWO), rows.leg(1, TWO), rows.failed(2, THREE, message="no price"))
    answer = {"bot": rows.bot(status="stopped"), "terminated": rows.execution(*legs, kind="terminate")}
    services = Services({f"bots POST {BOT}/terminate": answer})
    found = await do("bots.terminate", services, BY_ID, intent=INTENT)
    assert services.last["json"] == {"intent_id": INTENT}
    assert (found.count, found.accounts, found.errors) == (2, 1, ("no price",))


async def test_an_account_with_nothing_to_end_has_ended_once_all_is_done() -> None:
    for state, count in (("done", 2), ("working", 1)):
        ended = {**rows.execution(rows.leg(0, TWO), kind="terminate"), "state": state}
        answer = {"bot": rows.bot(accounts=[TWO, THREE]), "terminated": ended}
        found = await do("bots.terminate", Services({f"bots POST {BOT}/terminate": answer}), BY_ID)
        assert found.accounts == count


async def test_an_account_where_something_stayed_is_not_ended() -> None:
    legs = (rows.leg(0, TWO), rows.failed(1, TWO))
    answer = {"bot": rows.bot(), "terminated": rows.execution(*legs, kind="terminate")}
    services = Services({f"bots POST {BOT}/terminate": answer})
    found = await do("bots.terminate", services, BY_ID)
    assert services.last["json"] == {}
    assert (found.accounts, found.errors) == (0, ("too much",))


async def test_its_accounts_are_told_in_full() -> None:
    services = Services({f"bots GET {BOT}": rows.bot(accounts=[THREE])})
    services.answers |= {f"execution GET /accounts/{one}": rows.account(one) for one in (TWO, THREE)}
    services.answers["portfolio GET /balance"] = rows.balance()
    services.answers["portfolio GET /positions"] = rows.page()
    services.answers["portfolio GET /performance"] = rows.performance()
    found = await do("bots.accounts", services, BY_ID)
    assert [str(one.id) for one in found.items] == [TWO, THREE]


async def test_what_a_bot_earned_is_told_by_day_week_and_month() -> None:
    item = {"start": "2026-01-01", "end": "2026-01-01", "opening": "1", "balance": "2", "flow": "0"}
    history = {"interval": "day", "items": [{**item, "gained": "50.5", "fraction": "0.0505"}]}
    row = rows.bot(accounts=[TWO, THREE])
    services = Services({f"bots GET {BOT}": row, "portfolio GET /performance": rows.performance()})
    services.answers["portfolio GET /performance/history"] = history
    found = await do("bots.performance", services, BY_ID)
    asked = services.to("portfolio", "GET", "/performance/history")
    assert [sent["query"]["interval"] for sent in asked] == ["day", "week", "month"]
    assert {str(sent["query"]["bot_id"]) for sent in asked} == {ONE}
    assert found.daily == found.weekly == found.monthly == {"2026-01-01": {"profit": 50.5, "return": 5.05}}
    assert {(sent["query"]["currency"], sent["query"]["capital"]) for sent in asked} == {("USDT", "1000")}
    assert [found.accounts[one]["total_return"] for one in (TWO, THREE)] == [5.0, 5.0]
    by_account = services.to("portfolio", "GET", "/performance")
    assert [sent["query"]["account_id"] for sent in by_account] == [TWO, THREE]


async def test_a_bot_that_was_given_no_capital_has_earned_no_known_part_of_it() -> None:
    item = {"start": "2026-01-01", "end": "2026-01-01", "opening": "0", "balance": "2", "flow": "0"}
    none = dict.fromkeys(("sharpe_ratio", "sortino_ratio", "volatility", "max_drawdown"))
    report = {**rows.performance(**none), "total_return_fraction": None}
    services = Services({f"bots GET {BOT}": rows.bot(initial_capital="0"), "portfolio GET /performance": report})
    services.answers["portfolio GET /performance/history"] = {"items": [{**item, "gained": "2", "fraction": "0"}]}
    found = await do("bots.performance", services, BY_ID)
    assert found.daily == {"2026-01-01": {"profit": 2.0, "return": None}}
    (did,) = found.accounts.values()
    assert did == (await do("bots.get", services, BY_ID)).metrics
    assert {name for name, value in did.items() if value is None} == {"total_return", *none}
    assert (did["profit"], did["win_rate"], did["total_trades"]) == (50.0, 75.0, 4), "trades and amounts are known"


ABOUT_ONE = [
    ("bots.get", BY_ID),
    ("bots.update", bots.UpdateBot(id=UUID(ONE))),
    ("bots.change", bots.ChangeBot(id=UUID(ONE), verb="resume")),
    ("bots.change", bots.ChangeBot(id=UUID(ONE), verb="stop")),
    ("bots.delete", BY_ID),
    ("bots.hold", BY_ID),
    ("bots.connect", bots.LinkAccount(id=UUID(ONE), account_id=UUID(TWO))),
    ("bots.disconnect", bots.LinkAccount(id=UUID(ONE), account_id=UUID(TWO))),
    ("bots.terminate", BY_ID),
    ("bots.accounts", BY_ID),
    ("bots.performance", BY_ID),
]


@pytest.mark.parametrize(("operation", "wish"), ABOUT_ONE)
@pytest.mark.parametrize("refusal", [not_found("bot"), MillraceError(Code.INVALID_STATE, "it is held")], ids=str)
async def test_what_the_service_refuses_is_passed_on_as_it_is(operation: str, wish: Any, refusal: Any) -> None:
    services = Services({f"bots {method} {BOT}": refusal for method in ("GET", "POST", "PATCH", "DELETE")})
    with pytest.raises(MillraceError) as refused:
        await do(operation, services, wish)
    assert refused.value is refusal
    assert len(services.calls) == 1, "nothing else was asked after that"
