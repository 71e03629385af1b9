"""Transfers: recorded, decided, and between paper accounts really made, once."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from millrace.common.events.portfolio import BalanceChanged
from millrace.common.events.trading import AccountOpened
from millrace.common.events.users import Audited
from millrace.common.testing.service import Stand, StartService
from services.portfolio.tests.conftest import Owner

BOOKS = "select currency, sum(amount) as total from entries group by transaction_id, currency"


class Mover(Owner):
    """An owner with two paper accounts of USDT, who moves money between them."""

    def __init__(self, stand: Stand) -> None:
        super().__init__(stand)
        self.first = self.second = self.account_id

    async def begin(self) -> None:
        """Both accounts open."""
        self.first = await self.open("10000")
        self.second = await self.open("100")

    async def send(self, method: str, path: str, json: Any = None, **query: Any) -> Any:
        """The service's answer."""
        return await self.stand.ask("portfolio", method, path, self.user, json=json, query=query)

    async def move(self, amount: object, **changes: Any) -> Any:
        """Ask for a transfer from the first to the second; the answer."""
        ends = {"from_account_id": str(self.first), "to_account_id": str(self.second)}
        return await self.send("POST", "/transfers", {**ends, "amount": amount, "currency": "usdt", **changes})

    async def decide(self, transfer: Any, verb: str, message: str | None = None) -> Any:
        """Take a step; the answer."""
        return await self.send("POST", f"/transfers/{transfer['id']}/{verb}", {"message": message})

    async def totals(self, service: str = "portfolio") -> tuple[Decimal, Decimal]:
        """What both accounts hold by a service's books."""
        rows = await self.stand.rows(service, "select account_id, total from balances where currency = 'USDT'")
        found = {row["account_id"]: row["total"] for row in rows}
        return found[self.first], found[self.second]

    def audited(self) -> list[tuple[str, str]]:
        """What is on record of this user."""
        return [(a.action, a.outcome) for a in self.stand.said(Audited) if a.user_id == self.user.user_id]


@pytest.fixture
async def mover(start_service: StartService) -> Mover:
    """One, with the risk service beside."""
    made = Mover(await start_service("portfolio", "risk"))
    await made.begin()
    return made


async def test_paper_money_moves_at_once_in_the_ledger_and_at_risk(mover: Mover) -> None:
    done = (await mover.move("250.5", reason="autopilot_rebalance")).value()
    assert (done["status"], done["moves_money"], done["reason"]) == ("completed", True, "autopilot_rebalance")
    assert (done["from_provider"], done["amount"], done["currency"]) == ("binance", "250.5", "USDT")
    assert "No exchange was asked" in done["message"]
    assert await mover.totals() == await mover.totals("risk") == (Decimal("9749.5"), Decimal("350.5"))
    assert {row["total"] for row in await mover.stand.rows("portfolio", BOOKS)} == {0}
    await mover.stand.rest()
    assert mover.audited() == [(f"transfer.{s}", "done") for s in ("requested", "approved", "completed")]
    said = [(b.account_id, b.total) for b in mover.stand.said(BalanceChanged) if b.cause == done["id"]]
    assert sorted(said) == sorted([(mover.first, Decimal("9749.5")), (mover.second, Decimal("350.5"))])


async def test_a_move_is_neither_gain_nor_loss(mover: Mover) -> None:
    mover.account_id = mover.first
    await mover.hear(mover.fill(10, 100))
    await mover.move("5000")
    rows = await mover.stand.rows(
        "portfolio", "select account_id, equity, best, day_equity from accounts order by equity"
    )
    assert [(r["equity"], r["best"], r["day_equity"]) for r in rows] == [(5000, 5000, 5000), (5100, 5100, 5100)]
    found = (await mover.send("GET", "/performance", period="all")).value()
    assert (found["initial_balance"], found["total_return"], found["metrics"]["max_drawdown"]) == ("10100", "0", "0")
    for account, flow in ((mover.first, "-5000"), (mover.second, "5000")):
        one = (await mover.send("GET", "/performance", period="all", account_id=account)).value()
        assert (one["total_return"], one["total_return_fraction"], one["metrics"]["max_drawdown"]) == ("0", "0", "0")
        assert Decimal(one["final_balance"]) - Decimal(one["initial_balance"]) in (0, Decimal(flow))


@pytest.mark.parametrize("changes", [{}, {"hold": True}, {"currency": "BTC"}])
async def test_more_than_the_source_holds_is_refused_at_once_and_not_on_record(mover: Mover, changes: Any) -> None:
    refused = await mover.move("10000.01", **changes)
    assert (refused.status, refused.json()["error"]["code"]) == (400, "INSUFFICIENT_BALANCE")
    assert (await mover.send("GET", "/transfers")).value()["total"] == 0
    assert await mover.totals() == await mover.totals("risk") == (10_000, 100)


async def test_a_move_on_hold_waits_for_its_approval(mover: Mover) -> None:
    waiting = (await mover.move(100, hold=True)).value()
    assert waiting["status"] == "requested"
    assert await mover.totals() == (10_000, 100)
    assert (await mover.decide(waiting, "complete")).status == 409
    done = (await mover.decide(waiting, "approve")).value()
    assert done["status"] == "completed"
    assert await mover.totals() == (9900, 200)
    for verb in ("approve", "cancel", "fail", "reject"):
        assert (await mover.decide(waiting, verb)).json()["error"]["code"] == "INVALID_STATE"


@pytest.mark.parametrize(("verb", "status"), [("reject", "rejected"), ("cancel", "cancelled")])
async def test_what_was_refused_or_cancelled_moves_nothing(mover: Mover, verb: str, status: str) -> None:
    waiting = (await mover.move(100, hold=True)).value()
    ended = (await mover.decide(waiting, verb, "changed my mind")).value()
    assert (ended["status"], ended["message"]) == (status, "changed my mind")
    assert (await mover.decide(waiting, "approve")).status == 409
    assert await mover.totals() == (10_000, 100)


async def test_a_transfer_that_no_ledger_can_make_is_only_recorded(mover: Mover) -> None:
    asked = {"from_provider": "luno", "to_provider": "Binance", "amount": 1000, "currency": "ZAR"}
    recorded = (await mover.send("POST", "/transfers", asked)).value()
    assert (recorded["status"], recorded["moves_money"], recorded["to_provider"]) == ("requested", False, "binance")
    assert "Manual action required" in recorded["message"]
    approved = (await mover.decide(recorded, "approve")).value()
    completed = (await mover.decide(recorded, "complete", "sent by hand")).value()
    assert [approved["status"], completed["status"]] == ["approved", "completed"]
    assert await mover.totals() == await mover.totals("risk") == (10_000, 100)


async def test_currencies_that_differ_and_live_accounts_are_only_recorded(mover: Mover) -> None:
    rand, live = uuid4(), uuid4()
    for account, mode, currency in ((rand, "paper", "ZAR"), (live, "live", "USDT")):
        facts = {"name": "Other", "exchange": "luno", "mode": mode, "currency": currency}
        ids = {"user_id": mover.user.user_id, "account_id": account}
        await mover.hear(AccountOpened(initial_balance=Decimal(0), **ids, **facts))
    found = (await mover.move(10, to_account_id=str(rand))).value()
    assert (found["status"], found["moves_money"]) == ("requested", False)
    refused = await mover.move(10, to_account_id=str(live))
    assert (refused.status, "to_account_id" in refused.json()["error"]["fields"]) == (422, True)
    assert await mover.totals() == (10_000, 100)


async def test_the_same_key_moves_once_also_at_once(mover: Mover) -> None:
    answers = await asyncio.gather(*(mover.move(10, idempotency_key="k") for _ in range(5)))
    assert len({answer.value()["id"] for answer in answers}) == 1
    assert await mover.totals() == await mover.totals("risk") == (9990, 110)
    other = await mover.move(11, idempotency_key="k")
    assert (other.status, other.json()["error"]["code"]) == (422, "IDEMPOTENCY_MISMATCH")
    stranger = Mover(mover.stand)
    await stranger.begin()
    assert (await stranger.move(10, idempotency_key="k")).value()["status"] == "completed"


async def test_many_moves_at_once_keep_the_sum(mover: Mover) -> None:
    back = {"from_account_id": str(mover.second), "to_account_id": str(mover.first)}
    answers = await asyncio.gather(*(mover.move(7, **(back if n % 2 else {})) for n in range(12)))
    assert {answer.status for answer in answers} <= {201, 503}
    for found in (await mover.send("GET", "/transfers", status="approved")).value()["items"]:
        assert found["moves_money"]
    first, second = await mover.totals()
    assert first + second == 10_100
    assert {row["total"] for row in await mover.stand.rows("portfolio", BOOKS)} == {0}


async def test_a_move_that_was_interrupted_is_finished(mover: Mover) -> None:
    waiting = (await mover.move(100, hold=True)).value()
    running = mover.stand.host.running["portfolio"]
    await mover.stand.rows("portfolio", "update transfers set status = 'approved' where id = $1", UUID(waiting["id"]))
    ends = {"from_account_id": str(mover.first), "to_account_id": str(mover.second)}
    moved = {"transfer_id": waiting["id"], **ends, "currency": "USDT", "amount": 100}
    await mover.stand.ask("risk", "POST", "/funds/moves", mover.user, json=moved)  # and then the process ended
    assert (await mover.decide(waiting, "cancel")).status == 409
    (finish,) = [loop.args[1] for loop in running.service.loops if loop.args[-1] == 10.0]
    await finish()
    await finish()
    assert (await mover.send("GET", f"/transfers/{waiting['id']}")).value()["status"] == "completed"
    assert await mover.totals() == await mover.totals("risk") == (9900, 200)


async def test_while_risk_does_not_answer_a_move_stays_approved(start_service: StartService) -> None:
    alone = Mover(await start_service("portfolio"))
    await alone.begin()
    assert (await alone.move(10)).value()["status"] == "approved"
    assert await alone.totals() == (10_000, 100)


async def test_transfers_are_listed_newest_first_by_pages_and_status(mover: Mover) -> None:
    for amount in (1, 2, 3):
        await mover.move(amount, hold=amount > 1)
    page = (await mover.send("GET", "/transfers", limit=1, offset=1)).value()
    assert ([t["amount"] for t in page["items"]], page["total"]) == (["2"], 3)
    assert (await mover.send("GET", "/transfers", status="completed")).value()["total"] == 1


async def test_transfers_of_others_are_not_there(mover: Mover) -> None:
    mine = (await mover.move(1, hold=True)).value()
    stranger = Mover(mover.stand)
    await stranger.begin()
    assert (await stranger.decide(mine, "approve")).status == 404
    assert (await stranger.send("GET", f"/transfers/{mine['id']}")).status == 404
    assert (await stranger.send("GET", "/transfers")).value()["items"] == []
    for end in ("from_account_id", "to_account_id"):
        assert (await mover.move(1, **{end: str(stranger.first)})).status == 404
    async with mover.stand.host.running["portfolio"].database.as_user(stranger.user.user_id) as connection:
        assert await connection.fetch("select 1 from transfers") == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"currency": "?"}, "currency"),
        ({"from_account_id": None}, "body"),
        ({"from_account_id": None, "from_provider": "a b"}, "from_provider"),
        ({"user_id": str(uuid4())}, "user_id"),
        ({"reason": ""}, "reason"),
    ],
)
async def test_a_transfer_that_makes_no_sense_is_refused(mover: Mover, changes: Any, field: str) -> None:
    answer = await mover.move(**{"amount": 1, **changes})
    assert answer.status == 422
    assert field in answer.json()["error"]["fields"]
    assert (await mover.move(1, to_account_id=str(mover.first))).json()["error"]["fields"].keys() == {"to_provider"}
