"""Take-profits that alerts asked for: what an alert bought is sold when a candle closes at its price or above."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.events.market import CandleClosed
from millrace.common.events.message import Message
from millrace.common.events.trading import OrderState, OrderUpdated, Side, SignalRaised
from millrace.common.kernel.ids import derive_id

Market = tuple[str, str]

_KEEP = """
insert into targets (signal_id, bot_id, user_id, account_id, exchange, symbol, price)
values ($1, $2, $3, $4, $5, $6, $7)
"""
_DROP = "delete from targets where user_id = $1 and bot_id = $2 and account_id = $3 and symbol = $4"
_FORGET = "delete from targets where user_id = $1 and bot_id = $2"
_MARKETS = """
select distinct exchange, symbol from targets join unnest($1::text[], $2::text[]) as n(exchange, symbol)
  using (exchange, symbol) where quantity > 0 and selling is null
"""
# on the account its bot trades on no more than the bot still holds: the rest may be somebody else's
_REACHED = """
select g.*, b.name, case when (b.account_id, b.symbol) = (g.account_id, g.symbol)
  then least(g.quantity - g.sold, b.position) else g.quantity - g.sold end as held
from targets g join bots b on b.id = g.bot_id
where g.exchange = $1 and g.symbol = $2 and g.quantity > 0 and g.selling is null and g.price <= $3
order by g.signal_id for update of g
"""
_GONE = "delete from targets where signal_id = any($1)"
_SELLING = """
update targets t set selling = n.sale from unnest($1::uuid[], $2::uuid[]) as n(signal_id, sale)
where t.signal_id = n.signal_id
"""
_SOLD = "delete from targets where user_id = $1 and selling = $2"
_NOT_SOLD = "update targets set selling = null, sold = sold + $3 where user_id = $1 and selling = $2"


async def watch(work: Work, signal: SignalRaised, price: Decimal) -> None:
    """Sell what the signal buys at this price."""
    place = (signal.user_id, signal.account_id, signal.exchange, signal.symbol)
    await work.connection.execute(_KEEP, signal.signal_id, signal.bot_id, *place, price)


async def drop(work: Work, signal: SignalRaised) -> None:
    """Watch no price any more for what a bot has of this there: it is being sold."""
    await work.connection.execute(_DROP, signal.user_id, signal.bot_id, signal.account_id, signal.symbol)


async def forget_bot(work: Work, user_id: UUID, bot_id: UUID) -> None:
    """Watch nothing of a bot any more: it is gone, or all it has is being sold."""
    await work.connection.execute(_FORGET, user_id, bot_id)


async def watched(work: Work, markets: Collection[Market]) -> set[Market]:
    """Of some (exchange, symbol) those that have a target."""
    rows = await work.connection.fetch(_MARKETS, [one for one, _ in markets], [one for _, one in markets])
    return {(row["exchange"], row["symbol"]) for row in rows}


async def sell_reached(work: Work, message: Message[CandleClosed]) -> None:
    """Signal an exit for every target that a closed candle has reached, whatever state its bot is in.

    Until the order of the exit has ended nothing else is signalled for the target.
    """
    event, at = message.event, message.event.candle.closed_at
    rows = await work.connection.fetch(_REACHED, event.exchange, event.symbol, event.candle.close)
    selling = {row["signal_id"]: _exit(row["signal_id"], dict(row), event, at) for row in rows if row["held"] > 0}
    for signal in selling.values():
        work.emit(signal, message)
    await work.connection.execute(_SELLING, list(selling), [signal.signal_id for signal in selling.values()])
    await work.connection.execute(_GONE, [row["signal_id"] for row in rows if row["signal_id"] not in selling])


async def sale_ended(work: Work, order: OrderUpdated) -> None:
    """A target whose sale was filled is done with; any other is watched again, less what was sold of it."""
    terms = (order.user_id, order.intent_id)
    if order.state is OrderState.FILLED:
        await work.connection.execute(_SOLD, *terms)
    else:
        await work.connection.execute(_NOT_SOLD, *terms, order.filled_quantity)


def _exit(signal_id: UUID, row: dict[str, object], event: CandleClosed, at: datetime) -> SignalRaised:
    return SignalRaised.model_validate(
        {
            **{name: row[name] for name in ("user_id", "account_id", "bot_id", "exchange", "symbol")},
            "signal_id": derive_id(at, "target", signal_id, event.timeframe),
            "bot": row["name"],
            "side": Side.SELL,
            "quantity": row["held"],
            "reference_price": event.candle.close,
            "reduce_only": True,
            "reason": "take profit reached",
            "candle_at": event.opened_at,
        }
    )
