"""An account that is deleted while an order is placed on it keeps either the order or its end, never both."""

import asyncio
from typing import Any

import pytest

from millrace.common.db.work import Work
from millrace.execution.adapters.postgres import PostgresOrders
from services.execution.tests.floor import BUY, Floor

LIMIT = {**BUY, "order_type": "limit", "price": "19000"}


async def test_an_account_is_not_deleted_under_an_order_that_is_being_placed(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert, reached, go = PostgresOrders.insert, asyncio.Event(), asyncio.Event()

    async def insert_later(self: PostgresOrders, work: Work, row: Any) -> bool:
        reached.set()
        await go.wait()
        return await insert(self, work, row)

    monkeypatch.setattr(PostgresOrders, "insert", insert_later)
    placing = asyncio.create_task(floor.ask("POST", "/orders", LIMIT))
    await reached.wait()
    deleting = asyncio.create_task(floor.ask("DELETE", f"/accounts/{floor.account_id}"))

    async def deleted_or_waits() -> bool:
        waits = await floor.stand.rows("execution", "select 1 from pg_locks where not granted")
        return deleting.done() or bool(waits)

    await floor.stand.host.until(deleted_or_waits)
    go.set()
    assert (await placing).status == 201
    assert (await deleting).json()["error"]["code"] == "INVALID_STATE"
    accounts = await floor.get("/accounts", exchange="binance")
    assert [one["id"] for one in accounts["items"]] == [str(floor.account_id)]
