"""One wish for every active account of a group."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.auth.principal import Principal
from millrace.common.db.work import Work
from millrace.common.events.trading import TERMINAL, OrderState, OrderType, Side
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import Instrument, instrument
from millrace.common.kernel.money import floor_to, plain
from millrace.execution.app import accounts, groups, intents
from millrace.execution.app.intents import Wish, refusal
from millrace.execution.app.legs import Legs, Quantity
from millrace.execution.app.ports import Others, Row
from millrace.execution.domain.sizing import risked

_ACTIVE = """
select id, exchange, currency from accounts where user_id = $1 and group_id = $2 and is_active and deleted_at is null
order by num
"""
_EXITS = 1000  # the leg of an entry's exit is its own and this


class GroupTrading:
    """Places the legs at once, in one transaction; take-profits follow when their entries have ended."""

    def __init__(self, legs: Legs, others: Others) -> None:
        self._legs = legs
        self._others = others

    async def execute(self, user: Principal, wish: Wish, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Place one order on each account, and say what became of each. The same wish again only tells.

        `asked` has the terms of an order, and `quantity`, or `risk_fraction` of each account's equity with `leverage`.
        """
        database = self._legs.works.database
        async with database.as_user(user.user_id) as connection:
            if await intents.known(connection, wish):
                return await intents.outcome(connection, user.user_id, wish.intent_id)
            await groups.one(connection, user.user_id, wish.target)
            members = await connection.fetch(_ACTIVE, user.user_id, wish.target)
        if not members:
            raise MillraceError(Code.INVALID_STATE, "the group has no active account")
        equities = await self._equities(user, asked)
        async with self._legs.works.begin(user.user_id) as work:
            placed = []
            if await intents.claim(work, wish, self._legs.clock.now()):
                placed = await self._place(work, wish, asked, members, equities)
            answered = self._legs.watch(placed, OrderType.LIMIT)
        await answered
        async with database.as_user(user.user_id) as connection:
            return await intents.outcome(connection, user.user_id, wish.intent_id)

    async def _equities(self, user: Principal, asked: Mapping[str, Any]) -> dict[UUID, Decimal]:
        if asked["risk_fraction"] is None:
            return {}
        if asked["equities"]:
            return dict(asked["equities"])
        return {account: found["equity"] for account, found in (await self._others.funds(user)).items()}

    async def _place(
        self, work: Work, wish: Wish, asked: Mapping[str, Any], members: list[Any], equities: dict[UUID, Decimal]
    ) -> list[UUID]:
        named = ("symbol", "side", "order_type", "price", "stop_price", "time_in_force", "reduce_only", "origin")
        terms = {name: asked[name] for name in named} | {"source": "group", "spelling": asked["symbol"]}
        key, now = {"intent_id": wish.intent_id, "user_id": wish.user_id}, self._legs.clock.now()
        placed, refusals = [], []
        for leg, account in enumerate(members):
            try:
                size = _sellable(asked, _size(asked, account, equities))
                placed.append(await self._legs.put(work, key, leg, account, size, terms))
            except MillraceError as wrong:
                refusals.append(refusal(leg, account["id"], asked["symbol"], None, wrong))
        owed = bool(placed) and asked["take_profit"] is not None
        await intents.save(work, wish.user_id, wish.intent_id, now, refusals=refusals, done=not owed)
        return placed

    async def step(self, work: Work, wish: dict[str, Any]) -> None:
        """Place the take-profits of entries that have ended. The wish is done when none is owed."""
        orders = await intents.legs(work.connection, wish["user_id"], wish["intent_id"])
        answered = {order["leg"] for order in orders} | {one["leg"] for one in wish["refusals"]}
        refusals, owed = [], False
        for entry in (order for order in orders if order["leg"] < _EXITS):
            if OrderState(entry["state"]) not in TERMINAL:
                owed = True
            elif entry["filled_quantity"] and entry["leg"] + _EXITS not in answered:
                try:
                    await self._take_profit(work, wish, entry)
                except MillraceError as wrong:
                    owed = owed or wrong.code is Code.UNAVAILABLE
                    if wrong.code is not Code.UNAVAILABLE:
                        place = (entry["account_id"], entry["symbol"], None)
                        refusals.append(refusal(entry["leg"] + _EXITS, *place, wrong))
        now = self._legs.clock.now()
        await intents.save(work, wish["user_id"], wish["intent_id"], now, refusals=refusals, done=not owed)

    async def _take_profit(self, work: Work, wish: dict[str, Any], entry: Row) -> None:
        account = await accounts.one(work.connection, wish["user_id"], entry["account_id"])
        target = Decimal(wish["asked"]["take_profit"])
        tick = instrument(entry["exchange"], entry["symbol"]).tick_size
        terms = {
            "symbol": entry["symbol"],
            "spelling": entry["spelling"],
            "side": Side.SELL,
            "order_type": OrderType.TAKE_PROFIT,
            "stop_price": floor_to(target, tick),
            "reduce_only": True,
            "source": "group",
            "origin": entry["origin"],
        }
        await self._legs.put(work, wish, entry["leg"] + _EXITS, account, lambda *_: entry["filled_quantity"], terms)


def _sellable(asked: Mapping[str, Any], size: Quantity) -> Quantity:
    """The same size; no buy at or above the price at which it is to be sold again, for nothing would sell it there."""

    def quantity(filters: Instrument, price: Decimal) -> Decimal:
        at, target = asked["price"] or asked["stop_price"] or price, asked["take_profit"]
        if target is not None and floor_to(target, filters.tick_size) <= at:
            reason = f"must be above {plain(at)}, the price it is bought at"
            raise MillraceError(Code.INVALID_PRICE, f"take_profit {reason}", fields={"take_profit": reason})
        return size(filters, price)

    return quantity


def _size(asked: Mapping[str, Any], account: Row, equities: Mapping[UUID, Decimal]) -> Quantity:
    fraction = asked["risk_fraction"]
    if fraction is None:
        return lambda *_: asked["quantity"]
    if account["id"] not in equities:
        raise MillraceError(Code.UNAVAILABLE, "what the account is worth is not known yet; try again soon")

    def quantity(filters: Instrument, price: Decimal) -> Decimal:
        if filters.quote != account["currency"]:
            text = f"{filters.symbol} is not priced in the account's currency, {account['currency']}"
            raise MillraceError(Code.INVALID_SYMBOL, f"{text}; name a quantity instead")
        at = asked["price"] or asked["stop_price"] or price
        return risked(equities[account["id"]], fraction, asked["leverage"], at, filters)

    return quantity
