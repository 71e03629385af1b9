"""What bots and risk pass over is exactly what `verify` does not ask them for."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from uuid import UUID, uuid4

import asyncpg
import pytest

from millrace.bots.app.handlers import concerns_a_bot
from millrace.common.events.trading import OrderState, OrderType, OrderUpdated, Side
from millrace.common.runtime import verify
from millrace.risk.app.handlers import moves_funds

AT = datetime(2026, 1, 1, tzinfo=UTC)
ASKED = f"select {verify._CONCERNS} from (select $1::text as reader, $2::bytea as body) message"


def news(state: OrderState, filled: str, bot: UUID | None) -> OrderUpdated:
    """An order as it is told."""
    return OrderUpdated(
        user_id=uuid4(),
        account_id=uuid4(),
        order_id=uuid4(),
        intent_id=uuid4(),
        client_order_id="mr1",
        source="api",
        origin="botplatform",
        bot_id=bot,
        exchange="binance",
        symbol="BTC/USDT",
        side=Side.BUY,
        order_type=OrderType.MARKET,
        quantity=Decimal(1),
        requested_at=AT,
        state=state,
        filled_quantity=Decimal(filled),
        filled_notional=Decimal(0),
        fees=Decimal(0),
        version=2,
        reason=None,
        updated_at=AT,
    )


@pytest.mark.parametrize(("reader", "predicate"), [("bots", concerns_a_bot), ("risk", moves_funds)])
async def test_the_check_and_the_service_agree_on_every_kind_of_news(
    new_database: Callable[[], Awaitable[str]], reader: str, predicate: Callable[[OrderUpdated], bool]
) -> None:
    connection = await asyncpg.connect(await new_database())
    try:
        seen = set()
        for state, filled, bot in product(OrderState, ("0", "0.000000000000000001", "1"), (None, uuid4())):
            event = news(state, filled, bot)
            said = await connection.fetchval(ASKED, reader, event.model_dump_json().encode())
            assert said is predicate(event), (state, filled, bot)
            seen.add(said)
        assert seen == {True, False}
    finally:
        await connection.close()


async def test_everybody_else_is_asked_for_everything(new_database: Callable[[], Awaitable[str]]) -> None:
    connection = await asyncpg.connect(await new_database())
    try:
        body = news(OrderState.OPEN, "0", None).model_dump_json().encode()
        assert [await connection.fetchval(ASKED, reader, body) for reader in ("notifier", "portfolio")] == [True, True]
    finally:
        await connection.close()
