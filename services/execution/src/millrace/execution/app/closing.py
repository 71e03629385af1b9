"""Closes positions: one of an account, or with all orders gone everything that an account or a bot holds."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from millrace.common.db.database import Connection
from millrace.common.db.work import Work
from millrace.common.events.trading import OrderType, Side
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import Instrument, instrument
from millrace.common.kernel.money import floor_to
from millrace.execution.app import accounts, intents
from millrace.execution.app.audit import note
from millrace.execution.app.intents import Wish, refusal
from millrace.execution.app.legs import Legs, Quantity
from millrace.execution.app.ports import Halt, Row
from millrace.execution.app.stopping import stop
from millrace.execution.domain.sizing import Holding, closable, shares

_LIVE_SALES = """
select sum(quantity - filled_quantity) from orders o where o.account_id = h.account_id and o.symbol = h.symbol
  and side = 'sell' and state not in ('refused', 'filled', 'cancelled', 'rejected', 'expired')
"""
_HOLDINGS = f"""
select h.account_id, a.exchange, h.symbol, h.bot_id, h.quantity,
  coalesce(({_LIVE_SALES} and o.bot_id is not distinct from h.bot_id), 0) as selling,
  (select sum(quantity) from holdings t where t.account_id = h.account_id and t.symbol = h.symbol)
    - coalesce(({_LIVE_SALES}), 0) as spare
from holdings h join accounts a on a.id = h.account_id
where a.user_id = $1 and a.deleted_at is null and ($2::uuid is null or h.account_id = $2)
  and ($3::uuid is null or h.bot_id = $3) and ($4::text is null or h.symbol = $4) and h.quantity > 0
order by a.num, h.symbol, h.bot_id nulls first
"""  # noqa: S608 - constants only
_GIVES_WAY = """
select order_id from orders where user_id = $1 and account_id = $2 and symbol = $3 and side = 'sell'
  and ($4::uuid is null or bot_id = $4) and intent_id <> $5
  and (source = 'close' or source = 'group' and order_type = 'take_profit') and state in ('open', 'partially_filled')
"""
_PENDING = """
select exists (select from orders where order_id = any($1::uuid[])
  and state not in ('refused', 'filled', 'cancelled', 'rejected', 'expired'))
"""


async def holdings(
    connection: Connection,
    user_id: UUID,
    *,
    account_id: UUID | None = None,
    bot_id: UUID | None = None,
    symbol: str | None = None,
) -> list[Holding]:
    """What the user's accounts hold by their fills, of one account, bot or pair where one is named."""
    rows = await connection.fetch(_HOLDINGS, user_id, account_id, bot_id, symbol)
    return [Holding(**row) for row in rows]


class Closing:
    """Exits are reduce-only orders that pass risk like any other; each bot's holding is sold in that bot's name.

    `patience` bounds how long a termination waits for cancelled orders to end and for a market's price.
    """

    def __init__(self, legs: Legs, patience: timedelta) -> None:
        self._legs = legs
        self._patience = patience

    async def close(self, wish: Wish, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Sell a position of an account or a part of it. Raises what is wrong, where not one order came of it.

        All of it is sold in place of what rests to sell it: take-profits of groups, and closes before this one.
        """
        kind, user_id = asked["order_type"], wish.user_id
        if asked["quantity"] is None:
            await self._make_way(wish, asked)
        async with self._legs.works.begin(user_id) as work:
            placed = []
            if await intents.claim(work, wish, self._legs.clock.now()):
                placed = await self._close(work, wish, asked)
            ended = self._legs.watch(placed, kind)
        await ended
        return await self._outcome(user_id, wish.intent_id)

    async def _make_way(self, wish: Wish, asked: Mapping[str, Any]) -> None:
        legs, user_id = self._legs, wish.user_id
        async with legs.works.begin(user_id) as work:
            account = await accounts.one(work.connection, user_id, wish.target)
            symbol = instrument(account["exchange"], asked["symbol"]).symbol
            terms = (user_id, wish.target, symbol, asked["bot_id"], wish.intent_id)
            found = [row["order_id"] for row in await work.connection.fetch(_GIVES_WAY, *terms)]
            rows = list((await legs.orders.locked(work, found)).values()) if found else []
            await stop(work, rows, legs.clock.now(), "the position is closed", orders=legs.orders, sender=legs.sender)
            ended = legs.watch(found)
        await ended

    async def _close(self, work: Work, wish: Wish, asked: Mapping[str, Any]) -> list[UUID]:
        user_id, now = wish.user_id, self._legs.clock.now()
        account = await accounts.one(work.connection, user_id, wish.target)
        filters, quantity = instrument(account["exchange"], asked["symbol"]), asked["quantity"]
        if quantity is not None and quantity % filters.step_size:
            text = f"must be a multiple of {filters.step_size}"
            raise MillraceError(Code.INVALID_QUANTITY, f"quantity {text}", fields={"quantity": text})
        held = await holdings(
            work.connection, user_id, account_id=wish.target, bot_id=asked["bot_id"], symbol=filters.symbol
        )
        named = ("symbol", "order_type", "price", "stop_price", "time_in_force", "origin")
        terms = {name: asked[name] for name in named} | {"source": "close", "spelling": asked["symbol"]}
        placed, wrongs, refusals = [], [], []
        for leg, (holding, share) in enumerate(closable(held, quantity)):
            try:
                placed.append(await self._exit(work, _key(wish), leg, holding, share, terms))
            except MillraceError as wrong:
                wrongs.append(wrong)
                refusals.append(refusal(leg, wish.target, filters.symbol, holding.bot_id, wrong))
        if not placed:
            raise wrongs[0]
        await intents.save(work, user_id, wish.intent_id, now, refusals=refusals, done=True)
        return placed

    async def terminate(self, wish: Wish, accounts_too: Sequence[UUID] = ()) -> dict[str, Any]:
        """Cancel every live order of an account or bot, and of accounts besides, then sell all that they hold.

        What cannot be done within the answer's time is done afterwards, and after a restart.
        """
        user_id, now = wish.user_id, self._legs.clock.now()
        async with self._legs.works.begin(user_id) as work:
            cancelled: list[UUID] = []
            fresh = await intents.claim(work, wish, now)
            if fresh:
                if wish.scope == "account":
                    await accounts.one(work.connection, user_id, wish.target)
                rows = await self._live(work, wish, accounts_too)
                cancelled = [row["order_id"] for row in rows]
                sender = self._legs.sender
                await stop(work, rows, now, "terminated", orders=self._legs.orders, sender=sender)
                await intents.save(work, user_id, wish.intent_id, now, cancelled=cancelled, done=False)
                await note(work, user_id, f"{wish.scope}.terminate", wish.target, now)
            gone = self._legs.watch(cancelled)
        await gone
        if fresh:
            async with self._legs.works.begin(user_id) as work:
                row = await intents.working(work, user_id, wish.intent_id)
                ended = self._legs.watch(await self.step(work, row) if row else ())
            await ended
        return await self._outcome(user_id, wish.intent_id)

    async def step(self, work: Work, wish: dict[str, Any]) -> list[UUID]:
        """Sell what is held, once the cancelled orders have ended; the ids of the orders placed.

        The wish is done when nothing is owed. What has been answered is not placed again.
        """
        now, user_id = self._legs.clock.now(), wish["user_id"]
        late = now - wish["created_at"] > self._patience
        if not late and await work.connection.fetchval(_PENDING, wish["cancelled"]):
            return []
        held = await _held(work, wish)
        orders = await intents.legs(work.connection, user_id, wish["intent_id"])
        done = {_place(row) for row in (*orders, *wish["refusals"])}
        leg = len(orders) + len(wish["refusals"])
        placed, refusals, owed = [], [], False
        terms = {"order_type": OrderType.MARKET, "origin": wish["asked"]["origin"], "source": "terminate"}
        for _, pair in groupby(held, lambda one: (one.account_id, one.symbol)):
            for holding, share in shares(list(pair)):
                place = (str(holding.account_id), holding.symbol, str(holding.bot_id))
                if place in done:
                    continue
                try:
                    exit_terms = {**terms, "symbol": holding.symbol}
                    placed.append(await self._exit(work, wish, leg, holding, share, exit_terms))
                    leg += 1
                except MillraceError as wrong:
                    if wrong.code is Code.UNAVAILABLE and not late:
                        owed = True
                        continue
                    refusals.append(refusal(leg, holding.account_id, holding.symbol, holding.bot_id, wrong))
                    leg += 1
        await intents.save(work, user_id, wish["intent_id"], now, refusals=refusals, done=not owed)
        return placed

    async def _live(self, work: Work, wish: Wish, accounts_too: Sequence[UUID]) -> list[dict[str, Any]]:
        scopes = [(wish.scope, wish.target), *(("account", account) for account in accounts_too)]
        found = {}
        for scope, target in scopes:
            rows = await self._legs.orders.live(work, Halt(scope, str(target), wish.user_id, ""))
            found.update({row["order_id"]: row for row in rows})
        return list(found.values())

    async def _exit(
        self, work: Work, wish: Row, leg: int, holding: Holding, share: Decimal, terms: Mapping[str, Any]
    ) -> UUID:
        account = {"id": holding.account_id, "exchange": holding.exchange}
        exit_terms = {**terms, "side": Side.SELL, "reduce_only": True, "bot_id": holding.bot_id}
        return await self._legs.put(work, wish, leg, account, _whole_steps(share), exit_terms)

    async def _outcome(self, user_id: UUID, intent_id: UUID) -> dict[str, Any]:
        async with self._legs.works.database.as_user(user_id) as connection:
            return await intents.outcome(connection, user_id, intent_id)


async def _held(work: Work, wish: Row) -> list[Holding]:
    """Each once; what one account has of a pair stands together."""
    scopes: list[dict[str, Any]] = [{"account_id": UUID(account)} for account in wish["asked"].get("account_ids", ())]
    scopes.append({f"{wish['scope']}_id": wish["target"]})
    found = [one for of in scopes for one in await holdings(work.connection, wish["user_id"], **of)]
    return list({(one.account_id, one.symbol, one.bot_id): one for one in found}.values())


def _key(wish: Wish) -> dict[str, Any]:
    return {"intent_id": wish.intent_id, "user_id": wish.user_id}


def _place(answered: Row) -> tuple[str, str, str]:
    return str(answered["account_id"]), answered["symbol"], str(answered["bot_id"])


def _whole_steps(share: Decimal) -> Quantity:
    def quantity(filters: Instrument, _: Decimal) -> Decimal:
        return floor_to(share, filters.step_size)

    return quantity
