"""Transfers at once, interrupted anywhere, and asked for with each field wrong."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from millrace.common.events.trading import AccountClosed
from millrace.common.testing.service import StartService
from services.portfolio.tests.conftest import BAR, NOON
from services.portfolio.tests.test_transfers import BOOKS, Mover

_NAMES = """user_id, from_provider, to_provider, from_account_id, amount, currency, status, moves_money, reason,
  message, correlation_id, created_at, updated_at"""


@pytest.fixture
async def mover(start_service: StartService) -> Mover:
    """10,000 and 100 USDT in two accounts, with the risk service beside."""
    made = Mover(await start_service("portfolio", "risk"))
    await made.begin()
    return made


async def finish(mover: Mover) -> None:
    """What the service does every ten seconds."""
    loops = mover.stand.host.running["portfolio"].service.loops
    (loop,) = [loop.args[1] for loop in loops if loop.args[-1] == 10.0]
    assert await loop() is False


async def moved(mover: Mover) -> int:
    """How many transfers the ledger has made."""
    return len(await mover.stand.rows("portfolio", "select 1 from transactions where kind = 'transfer'"))


async def approved(mover: Mover, amount: object) -> Any:
    """A transfer whose process ended right after the approval was committed."""
    waiting = (await mover.move(amount, hold=True)).value()
    await mover.stand.rows("portfolio", "update transfers set status = 'approved' where id = $1", UUID(waiting["id"]))
    return waiting


async def status(mover: Mover, transfer: Any) -> str:
    found: str = (await mover.send("GET", f"/transfers/{transfer['id']}")).value()["status"]
    return found


async def test_of_an_approval_and_a_cancellation_at_once_one_wins(mover: Mover) -> None:
    waiting = [(await mover.move(10, hold=True)).value() for _ in range(4)]
    steps = [mover.decide(transfer, verb) for transfer in waiting for verb in ("approve", "cancel")]
    answers = await asyncio.gather(*steps)
    assert sorted(answer.status for answer in answers) == [200] * 4 + [409] * 4
    ends = [await status(mover, transfer) for transfer in waiting]
    assert set(ends) <= {"completed", "cancelled"}
    done = ends.count("completed")
    assert await mover.totals() == await mover.totals("risk") == (10_000 - 10 * done, 100 + 10 * done)


async def test_an_approval_given_many_times_moves_once(mover: Mover) -> None:
    waiting = (await mover.move(10, hold=True)).value()
    answers = await asyncio.gather(*(mover.decide(waiting, "approve") for _ in range(6)))
    assert sorted(answer.status for answer in answers) == [200, *[409] * 5]
    assert (await moved(mover), await mover.totals()) == (1, (9990, 110))


async def test_moves_at_once_never_take_more_than_there_is(mover: Mover) -> None:
    answers = await asyncio.gather(*(mover.move(3000) for _ in range(6)))
    ends = sorted(answer.value()["status"] for answer in answers)
    assert ends == ["completed"] * 3 + ["failed"] * 3
    assert await mover.totals() == await mover.totals("risk") == (1000, 9100)
    assert {row["total"] for row in await mover.stand.rows("portfolio", BOOKS)} == {0}


async def test_a_ring_of_moves_at_once_ends_where_it_began(mover: Mover) -> None:
    third = await mover.open("100")
    ring = [mover.first, mover.second, third]
    hops = [mover.move(5, from_account_id=str(ring[n % 3]), to_account_id=str(ring[(n + 1) % 3])) for n in range(9)]
    assert {answer.value()["status"] for answer in await asyncio.gather(*hops)} == {"completed"}
    assert await mover.totals() == await mover.totals("risk") == (10_000, 100)


async def test_interrupted_before_risk_was_asked_it_is_finished(mover: Mover) -> None:
    waiting = await approved(mover, 100)
    await finish(mover)
    assert await status(mover, waiting) == "completed"
    assert await mover.totals() == await mover.totals("risk") == (9900, 200)


async def test_interrupted_and_meanwhile_spent_it_fails(mover: Mover) -> None:
    waiting = await approved(mover, 9000)
    assert (await mover.move(5000)).value()["status"] == "completed"
    await finish(mover)
    assert await status(mover, waiting) == "failed"
    assert await mover.totals() == await mover.totals("risk") == (5000, 5100)


async def test_finishing_at_once_and_again_moves_once(mover: Mover) -> None:
    waiting = [await approved(mover, 10) for _ in range(3)]
    await asyncio.gather(*(finish(mover) for _ in range(4)))
    await finish(mover)
    assert [await status(mover, transfer) for transfer in waiting] == ["completed"] * 3
    assert (await moved(mover), await mover.totals()) == (3, (9970, 130))
    assert await mover.totals() == await mover.totals("risk")


async def test_transfers_that_risk_knows_nothing_of_do_not_starve_the_others(mover: Mover) -> None:
    model = await approved(mover, 1)
    unknown = await mover.open("100")
    await mover.stand.rows("risk", "update books set user_id = gen_random_uuid() where account_id = $1", unknown)
    many = f"""
      insert into transfers ({_NAMES}, id, to_account_id)
      select {_NAMES}, gen_random_uuid(), $2::uuid from transfers, generate_series(1, 100) where id = $1"""
    await mover.stand.rows("portfolio", many, UUID(model["id"]), unknown)
    good = await approved(mover, 100)
    for _ in range(2):
        await finish(mover)
    assert [await status(mover, transfer) for transfer in (model, good)] == ["completed"] * 2
    found = (await mover.send("GET", "/transfers", status="approved")).value()
    assert found["total"] == 100
    assert {row["updated_at"] for row in found["items"]} == {model["updated_at"]}


async def test_a_transfer_that_the_ledger_does_not_take_does_not_stop_the_others(mover: Mover) -> None:
    broken, good = await approved(mover, 10), await approved(mover, 100)
    taken = """
      insert into transactions (id, account_id, user_id, kind, ref, at)
      select id, from_account_id, user_id, 'transfer', id::text, now() from transfers where id = $1"""
    await mover.stand.rows("portfolio", taken, UUID(broken["id"]))
    await finish(mover)
    assert [await status(mover, transfer) for transfer in (broken, good)] == ["approved", "completed"]


async def test_what_only_is_recorded_is_never_finished_by_itself(mover: Mover) -> None:
    asked = {"from_provider": "luno", "to_provider": "kraken", "amount": 1, "currency": "ZAR"}
    recorded = (await mover.send("POST", "/transfers", asked)).value()
    await mover.decide(recorded, "approve")
    await finish(mover)
    assert await status(mover, recorded) == "approved"


async def test_while_risk_is_away_nothing_is_lost_and_nothing_cancelled(start_service: StartService) -> None:
    alone = Mover(await start_service("portfolio"))
    await alone.begin()
    stuck = (await alone.move(10, idempotency_key="k")).value()
    await finish(alone)
    again = (await alone.move(10, idempotency_key="k")).value()
    assert (again["id"], again["status"]) == (stuck["id"], "approved")
    assert (await alone.decide(stuck, "cancel")).status == 409
    assert (await moved(alone), await alone.totals()) == (0, (10_000, 100))


async def test_a_candle_from_before_a_move_does_not_bring_the_money_back(mover: Mover) -> None:
    mover.account_id = mover.first
    await mover.hear(mover.fill(10, 100))
    await mover.move(5000)
    query = "select equity from accounts where account_id = $1"
    await mover.close(120)  # at noon of the first of January, long before the clock that stamped the move
    assert [row["equity"] for row in await mover.stand.rows("portfolio", query, mover.first)] == [5000]
    now = mover.stand.host.clock.now()
    await mover.close(120, int((now - NOON) / BAR) + 2)
    assert [row["equity"] for row in await mover.stand.rows("portfolio", query, mover.first)] == [5200]


async def test_the_smallest_amount_moves_exactly(mover: Mover) -> None:
    atom = "0.000000000000000001"
    assert (await mover.move(atom)).value()["amount"] == atom
    assert await mover.totals() == await mover.totals("risk") == (10_000 - Decimal(atom), 100 + Decimal(atom))


async def test_a_provider_means_its_account_that_keeps_the_currency(mover: Mover) -> None:
    low, high = sorted((mover.first, mover.second))
    ends = {"from_account_id": None, "from_provider": " Binance ", "to_account_id": str(high)}
    done = (await mover.move(1, **ends)).value()
    assert (done["from_provider"], done["from_account_id"], done["status"]) == ("binance", str(low), "completed")
    assert (await mover.move(1, **{**ends, "to_account_id": str(low)})).status == 422


async def test_an_account_that_was_deleted_is_no_end_of_a_transfer(mover: Mover) -> None:
    low, high = sorted((mover.first, mover.second))
    await mover.hear(AccountClosed(user_id=mover.user.user_id, account_id=low))
    asked = {"from_provider": "binance", "to_provider": "luno", "amount": 1, "currency": "USDT"}
    assert (await mover.send("POST", "/transfers", asked)).value()["from_account_id"] == str(high)
    third = await mover.open("100")
    for ends in ((low, third), (third, low)):
        assert (await mover.move(1, from_account_id=str(ends[0]), to_account_id=str(ends[1]))).status == 404


async def test_an_account_of_another_provider_than_said_is_not_there(mover: Mover) -> None:
    assert (await mover.move(1, from_provider="luno")).status == 404
    assert (await mover.move(1, from_provider="binance")).value()["status"] == "completed"


@pytest.mark.parametrize(
    "terms",
    [
        {"amount": "10.000000000000000001"},
        {"currency": "USDC"},
        {"to_account_id": None, "to_provider": "luno"},
    ],
)
async def test_a_key_stands_for_its_terms(mover: Mover, terms: Any) -> None:
    first = (await mover.move(10, idempotency_key="k", hold=True)).value()
    other = await mover.move(**{"amount": 10, "idempotency_key": "k", "hold": True, **terms})
    assert (other.status, other.json()["error"]["code"]) == (422, "IDEMPOTENCY_MISMATCH")
    same = (await mover.move("10.0", idempotency_key="k", hold=True, reason="said otherwise")).value()
    assert (same["id"], same["reason"]) == (first["id"], "manual_allocation")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "NaN"}, "amount"),
        ({"amount": "0.0000000000000000001"}, "amount"),
        ({"amount": "1e20"}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": True}, "amount"),
        ({"currency": "X"}, "currency"),
        ({"currency": "A" * 16}, "currency"),
        ({"to_account_id": "1"}, "to_account_id"),
        ({"to_account_id": None}, "body"),
        ({"to_account_id": None, "to_provider": "a" * 41}, "to_provider"),
        ({"reason": "r" * 201}, "reason"),
        ({"correlation_id": "x"}, "correlation_id"),
        ({"idempotency_key": ""}, "idempotency_key"),
        ({"idempotency_key": "k" * 201}, "idempotency_key"),
        ({"hold": "perhaps"}, "hold"),
        ({"status": "completed"}, "status"),
    ],
)
async def test_each_field_of_a_transfer_is_checked_and_nothing_recorded(mover: Mover, changes: Any, field: str) -> None:
    answer = await mover.move(**{"amount": 1, **changes})
    assert answer.status == 422
    assert field in answer.json()["error"]["fields"]
    assert (await mover.send("GET", "/transfers")).value()["total"] == 0


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("{id}/approve", {"message": ""}, 422),
        ("{id}/approve", {"message": "m" * 501}, 422),
        ("{id}/approve", {"status": "completed"}, 422),
        ("{id}/undo", {}, 422),
        ("x/approve", {}, 422),
        ("01a20d6d-7982-79b1-9f9c-2d7881e2698d/approve", {}, 404),
    ],
)
async def test_a_step_that_makes_no_sense_is_refused(mover: Mover, path: str, body: Any, code: int) -> None:
    waiting = (await mover.move(1, hold=True)).value()
    answer = await mover.send("POST", f"/transfers/{path.format(id=waiting['id'])}", body)
    assert answer.status == code
    assert await status(mover, waiting) == "requested"


@pytest.mark.parametrize("query", [{"status": "lost"}, {"limit": 0}, {"limit": 1001}, {"offset": -1}])
async def test_a_list_that_makes_no_sense_is_refused(mover: Mover, query: Any) -> None:
    assert (await mover.send("GET", "/transfers", **query)).status == 422
