"""One alert, one bot, one account: whether it may be ordered, and the signal it becomes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.bots.app import targets
from millrace.bots.domain.alerts import Alert
from millrace.bots.domain.modes import LIVE_IN_TESTING
from millrace.common.db.database import Connection
from millrace.common.db.work import Work
from millrace.common.events.trading import OrderType, Side, SignalRaised
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import Instrument, instrument
from millrace.common.kernel.money import floor_to, plain, times
from millrace.strategy.sizing import set_aside

Row = dict[str, Any]
Price = Callable[[str, str], Awaitable[Decimal]]
"""(exchange, symbol) -> the market's last price. Raises UNAVAILABLE without one."""
Prices = Mapping[str, Decimal | MillraceError]
"""Of each exchange the last price of what an alert trades, or why there is none."""

_ACCOUNTS = """
select l.bot_id, l.account_id, a.exchange from bot_accounts l left join accounts a
  on a.account_id = l.account_id and a.closed_at is null
where l.bot_id = any($1) order by l.num
"""
_OWN = "select account_id, exchange from accounts where account_id = any($1) and closed_at is null"
_WAIT = """
update bots set waiting_for = $2, waiting_since = now(), committed = $3
where id = $1 and status = 'active' and waiting_for is null
"""


@dataclass(frozen=True, slots=True)
class Leg:
    """`exchange` is empty for an account on which bots cannot trade: a real one, or one that is closed."""

    alert: Alert
    bot: Row
    account_id: UUID
    exchange: str

    @property
    def filters(self) -> Instrument:
        """What is traded. Raises INVALID_SYMBOL."""
        return instrument(self.exchange, self.alert.symbol)

    def price(self, reference: Decimal) -> Decimal | None:
        """Of a limit order: the alert's, or where it names none the market's in whole ticks."""
        if self.alert.order_type != "limit":
            return None
        return self.alert.price or floor_to(reference, self.filters.tick_size)

    def _facts(self) -> Row:
        return {
            "bot_id": self.bot["id"],
            "bot": self.bot["name"],
            "account_id": self.account_id,
            "symbol": self.alert.symbol,
            "side": self.alert.side,
            "order_type": self.alert.order_type,
        }

    def refused(self, wrong: MillraceError) -> Row:
        """What the sender is told of a leg that becomes no order."""
        error = {"code": wrong.code.value, "message": wrong.message, "fields": wrong.fields}
        return {**self._facts(), "success": False, "signal_id": None, "quantity": None, "error": error}

    def taken(self, signal: SignalRaised) -> Row:
        """What the sender is told of one that does."""
        done = {"success": True, "signal_id": signal.signal_id, "quantity": signal.quantity, "error": None}
        return {**self._facts(), **done, "take_profit": self.alert.take_profit}

    def signal(self, signal_id: UUID, quantity: Decimal, reference: Decimal, at: datetime) -> SignalRaised:
        """The wish to trade, as a strategy's would be."""
        side = Side(self.alert.side)
        return SignalRaised(
            user_id=self.bot["user_id"],
            account_id=self.account_id,
            signal_id=signal_id,
            bot_id=self.bot["id"],
            bot=self.bot["name"],
            origin=self.bot["origin"],
            exchange=self.exchange,
            symbol=self.filters.symbol,
            side=side,
            order_type=OrderType(self.alert.order_type),
            quantity=quantity,
            price=self.price(reference),
            reference_price=reference,
            reduce_only=side is Side.SELL,
            reason="alert",
            candle_at=at,
        )

    async def emit(self, work: Work, signal: SignalRaised, story: UUID, now: datetime) -> None:
        """Say it. The bot's own strategy waits for its end; a take-profit is watched once something is bought."""
        work.emit(signal, at=now, correlation=story)
        if (self.account_id, signal.symbol) == (self.bot["account_id"], self.bot["symbol"]):
            buys = signal.side is Side.BUY
            spent = times(signal.quantity, signal.price or signal.reference_price)
            aside = set_aside(spent, self.filters) if buys else Decimal(0)
            await work.connection.execute(_WAIT, self.bot["id"], signal.signal_id, aside)
        if signal.side is Side.SELL:
            await targets.drop(work, signal)
        elif self.alert.take_profit is not None:
            await targets.watch(work, signal, self.alert.take_profit)


async def legs_of(connection: Connection, alert: Alert, bots: Sequence[Row]) -> list[Leg]:
    """Every account that the bots are linked with; of one without links the account it trades on."""
    linked = await connection.fetch(_ACCOUNTS, [bot["id"] for bot in bots])
    own = await connection.fetch(_OWN, [bot["account_id"] for bot in bots])
    exchanges = {row["account_id"]: row["exchange"] for row in own}
    found = []
    for bot in bots:
        places = [(row["account_id"], row["exchange"]) for row in linked if row["bot_id"] == bot["id"]]
        places = places or [(bot["account_id"], exchanges.get(bot["account_id"]))]
        found += [Leg(alert, bot, account_id, exchange or "") for account_id, exchange in places]
    return found


async def priced(legs: Sequence[Leg], price: Price) -> Prices:
    """What the legs trade costs: each exchange is asked once, all at the same time."""

    async def asked(leg: Leg) -> Decimal | MillraceError:
        try:
            return await price(leg.exchange, leg.filters.symbol)
        except MillraceError as wrong:
            return wrong

    places = {leg.exchange: leg for leg in legs if leg.exchange}
    return dict(zip(places, await asyncio.gather(*map(asked, places.values())), strict=True))


def ordered(leg: Leg, mode: str, prices: Prices) -> tuple[Decimal, Decimal]:
    """The quantity to order, in whole steps, and the price that values it. Raises why there can be none."""
    _may(leg, mode)
    filters, alert = leg.filters, leg.alert
    if alert.side == "buy" and (alert.leverage or 1) > 1:  # a sale only gives back what is held
        raise _wrong(Code.VALIDATION_ERROR, "leverage", "must be 1 or left out: a spot account buys with its own money")
    reference = prices.get(leg.exchange)
    if reference is None:
        raise MillraceError(Code.UNAVAILABLE, "the account was linked while the alert came; send it again")
    if isinstance(reference, MillraceError):
        raise reference
    at = leg.price(reference) or reference
    if alert.order_type == "limit" and at % filters.tick_size:
        raise _wrong(Code.INVALID_PRICE, "price", f"must be a multiple of {filters.tick_size}")
    if alert.take_profit is not None and alert.take_profit <= at:
        raise _wrong(Code.INVALID_PRICE, "takeprofit", f"must be above {plain(at)}, the price it is bought at")
    quantity = floor_to(alert.size, filters.step_size)
    if not quantity or times(quantity, at) < filters.min_notional:
        least = f"{plain(filters.step_size)} {filters.base} and {plain(filters.min_notional)} {filters.quote}"
        raise _wrong(Code.INVALID_QUANTITY, "size", f"is too small; an order has at least {least}")
    if quantity > filters.max_quantity:
        raise _wrong(Code.INVALID_QUANTITY, "size", f"must not be more than {plain(filters.max_quantity)}")
    return quantity, reference


def _may(leg: Leg, mode: str) -> None:
    if not leg.exchange:
        raise MillraceError(Code.INVALID_STATE, "bots trade on open paper accounts only; this one is not")
    if leg.alert.side == "sell":
        return
    bot = leg.bot
    if bot["held_reason"] is not None:
        raise MillraceError(Code.INVALID_STATE, f"an administrator holds the bot: {bot['held_reason']}")
    if bot["status"] != "active":
        raise MillraceError(Code.INVALID_STATE, f"the bot is {bot['status']}; start it first")
    if mode == "testing" and bot["trading_mode"] == "live":
        raise MillraceError(Code.INVALID_STATE, LIVE_IN_TESTING)


def _wrong(code: Code, field: str, what: str) -> MillraceError:
    return MillraceError(code, f"{field} {what}", fields={field: what})
