"""`verify` finds each kind of broken row, and names no other invariant for it."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import asyncpg
import pytest

from millrace.common.runtime.commands.replay import Plan, play
from millrace.common.runtime.host import Host
from millrace.common.runtime.settings import SERVICES, Settings
from millrace.common.runtime.verify import CHECKS, verify

Copy = Callable[[], Awaitable[str]]

PLANTED = {
    "I1 an unequal transaction": "update portfolio.entries set amount = amount + 1 where (transaction_id, leg) = "
    "(select transaction_id, leg from portfolio.entries where book = 'fees' limit 1)",
    "I2 a balance beside the ledger": "update portfolio.balances set total = total + 1 where currency = 'USDT'",
    "I2 a balance below zero": "update portfolio.balances set total = -total where currency = 'BTC'",
    "I2 a balance that is missing": "delete from portfolio.balances where currency = 'BTC'",
    "I2 a reservation for nothing": "update risk.balances set reserved = reserved + 1 where currency = 'USDT'",
    "I2 other funds in risk": "update risk.balances set total = total + 1 where currency = 'USDT'",
    "I3 a position of another size": "update portfolio.positions set quantity = quantity * 2",
    "I3 no position": "delete from portfolio.positions",
    "I4 a venue order that nobody sent": "insert into execution.venue_orders select uuid_in(md5('x')::cstring)::text, "
    "account_id, exchange, symbol, null, placed_at from execution.venue_orders limit 1",
    "I4 an order the venue never had": "delete from execution.venue_orders",
    "I4 an order that was lost on its way": "update execution.orders set state = 'submitting', received_at = now(); "
    "delete from execution.venue_orders",
    "I5 an order without its approval": "update execution.orders set approval_id = null",
    "I5 an order without its reservation": "update risk.reservations set approval_id = gen_random_uuid()",
    "I6 a trade that was not booked": "insert into execution.venue_reports (client_order_id, kind, body, at) "
    'select client_order_id, kind, body || \'{"trade_id": "x"}\', at from execution.venue_reports '
    "where kind = 'filled' limit 1",
    "I6 a fill that the venue does not know": "delete from execution.venue_reports where kind = 'filled'",
    "I6 a fill that portfolio does not know": "delete from portfolio.trades",
    "I7 fills beyond the order's own count": "update execution.orders set filled_quantity = filled_quantity / 2",
    "I8 an order that goes nowhere": "update execution.orders set state = 'approved', updated_at = now() "
    "- interval '1 hour', received_at = now() - interval '1 hour'",
    "I11 a fill that is not in the ledger": "update portfolio.transactions set ref = 'x' || ref where kind = 'fill'",
    "I11 a fill that is in the ledger twice": "alter table portfolio.transactions drop constraint "
    "transactions_kind_ref_key; insert into portfolio.transactions (id, account_id, user_id, kind, ref, at) "
    "select gen_random_uuid(), account_id, user_id, kind, ref, at from portfolio.transactions where kind = 'fill'",
    "I12 an order of another user": "update execution.orders set user_id = gen_random_uuid()",
    "I12 a fill of another user": "update execution.fills set user_id = gen_random_uuid()",
    "I12 a trade of another user": "update portfolio.trades set user_id = gen_random_uuid()",
    "I12 a position of another user": "update portfolio.positions set user_id = gen_random_uuid()",
    "I12 a bot of another user": "update bots.bots set user_id = gen_random_uuid()",
}


async def run(url: str, *statements: str) -> None:
    """Change rows as no service may: without triggers and references."""
    connection = await asyncpg.connect(url, server_settings={"session_replication_role": "replica"})
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def broken(url: str) -> set[str]:
    return {found.check.number for found in await verify(url, patience=0) if found.rows}


@pytest.fixture(scope="module")
async def traded(
    migrated: Callable[[tuple[str, ...]], Awaitable[str]], tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The database of a platform on which a bot has bought, sold and bought again; the platform has stopped."""
    url = await migrated(SERVICES)
    plan = Plan(strategies=["trend"], bars=60)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in plan.environment().items():
            patch.setenv(name, value)
        settings = Settings(bus="memory", clock="messages", database_url=url, data_dir=tmp_path_factory.mktemp("data"))
        host = Host(settings, SERVICES)
        try:
            await host.start(migrating=False)
            await play(host, plan)
        finally:
            await host.stop()
    return url


@pytest.fixture
async def platform(traded: str) -> str:
    """A copy of it."""
    name, copy = traded.split("?")[0].rsplit("/", 1)[1], f"test_{uuid4().hex[:12]}"
    await run(traded.replace(f"/{name}?", "/postgres?", 1), f"create database {copy} template {name}")
    return traded.replace(f"/{name}?", f"/{copy}?", 1)


async def test_a_platform_that_has_traded_is_sound(platform: str) -> None:
    connection = await asyncpg.connect(platform)
    assert await connection.fetchval("select count(*) from execution.fills") > 0
    await connection.close()
    assert await broken(platform) == set()


@pytest.mark.parametrize("fault", PLANTED)
async def test_a_fault_is_found_by_its_own_check_alone(platform: str, fault: str) -> None:
    await run(platform, PLANTED[fault])
    assert await broken(platform) == {fault.split()[0]}


def test_every_check_of_the_books_has_a_planted_fault() -> None:
    elsewhere = {"I9", "I10", "DLQ"}  # test_verify_messages.py and test_consumer.py
    assert {fault.split()[0] for fault in PLANTED} | elsewhere == {check.number for check in CHECKS}
