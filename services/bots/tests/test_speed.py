"""The statements a closed candle costs do not grow with its bots; the time it takes is measured by bench/replay.py."""

from typing import Any
from uuid import uuid4

from millrace.common.events.market import CandleClosed
from millrace.common.events.message import Message
from millrace.common.kernel.ids import new_id

BOTS = 500
_ACCOUNTS = "insert into accounts select id, id, 'binance', 'USDT', 10000, 10000 from unnest($1::uuid[]) as id"
_BOTS = """
insert into bots (id, user_id, account_id, name, strategy_id, strategy, exchange, symbol, spelling, timeframe,
  parameters, status, origin, created_at, updated_at)
select id, owner, owner, 'bot', id, 'trend', 'binance', 'BTC/USDT', 'BTC/USDT', '5m', '{"fast": 2, "slow": 3}',
  'active', 'test', now(), now() from unnest($1::uuid[], $2::uuid[]) as n(id, owner)
"""


async def test_the_signals_of_500_bots_cost_three_statements(stand: Any, play: Any, bars: Any) -> None:
    owners = [uuid4() for _ in range(BOTS)]
    await stand.rows("bots", _ACCOUNTS, owners)
    await stand.rows("bots", _BOTS, [new_id() for _ in owners], owners)
    await play([bars(n) for n in range(3)])
    running = stand.host.running["bots"]
    closed = CandleClosed.of(bars(3, 110))
    message: Message[Any] = Message(closed, stand.envelope(closed, bars(3).closed_at))
    asked: list[str] = []
    async with running.consumer._works.begin() as work:
        work.connection.add_query_logger(lambda record: asked.append(record.query))
        await running.service.routes[CandleClosed](work, message)
    assert len(work.emitted) == BOTS
    own = [query for query in asked if "pg_type" not in query and "set_config" not in query]  # not the driver's own
    assert len(own) <= 3, own
