"""`verify` finds every order that hangs, and none that is only young."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from millrace.common.runtime.settings import SERVICES
from millrace.common.runtime.verify import verify

_ACCOUNT = """
insert into execution.accounts (id, user_id, name, exchange, mode, currency, initial_balance, created_at)
values ($1, $1, 'Paper', 'binance', 'paper', 'USDT', 10000, now())
"""
_ORDER = """
insert into execution.orders (order_id, user_id, account_id, intent_id, client_order_id, source, origin, exchange,
  symbol, spelling, side, order_type, quantity, time_in_force, reference_price, state, correlation, requested_at,
  updated_at, received_at)
values ($1, $1, $1, $1, 'mr1', 'bot', 'bot', 'binance', 'BTC/USDT', 'BTC/USDT', 'buy', 'market', 1, 'gtc', 1,
  'received', $1, '2020-01-01', '2020-01-01', now() - make_interval(secs => $2))
"""


@pytest.mark.parametrize(("seconds", "found"), [(50, 0), (61, 1)])
async def test_an_order_that_waits_is_broken_a_minute_after_it_arrived_whatever_time_the_market_has(
    migrated: Callable[[tuple[str, ...]], Awaitable[str]], seconds: int, found: int
) -> None:
    url, some_id = await migrated(SERVICES), uuid4()
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_ACCOUNT, some_id)
        await connection.execute(_ORDER, some_id, seconds)
    finally:
        await connection.close()
    rows: list[dict[str, Any]] = next(f.rows for f in await verify(url, 0.0) if f.check.number == "I8")
    assert [row["order_id"] for row in rows] == [some_id] * found
