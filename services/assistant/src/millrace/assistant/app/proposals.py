"""From a wish to a plan: names become ids, and what cannot be done is said before anything is proposed."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from millrace.assistant.app.facts import Facts, Row
from millrace.assistant.app.plans import CancelOrder, MoveBot, PlaceOrder, Plan, SetLimit, ThrowKill
from millrace.assistant.domain.figures import count, listed
from millrace.assistant.domain.intents import CancelOrders, ChangeLimit, MoveBots, ThrowSwitch, Trade, Wish
from millrace.assistant.domain.naming import named
from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.instruments import EXCHANGES, instrument
from millrace.common.kernel.money import LIMIT, divided, floor_to, times

_FROM = {
    "start": ("created", "stopped", "paused"),
    "pause": ("active",),
    "resume": ("paused",),
    "stop": ("active", "paused"),
}
_MOST = 50
"""More at once nobody reads before confirming."""


class Proposal(NamedTuple):
    """A plan, or none; `said` is what the user must know besides, or why there is none."""

    plan: Plan = ()
    said: str = ""


async def propose(facts: Facts, wish: Wish) -> Proposal:
    """What fulfils a wish."""
    try:
        proposal = await _propose(facts, wish)
    except MillraceError as problem:
        return Proposal((), f"I cannot prepare that: {problem.message}.")
    if len(proposal.plan) > _MOST:
        return Proposal((), f"That would be {len(proposal.plan)} actions at once; name at most {_MOST} of them.")
    return proposal


async def _propose(facts: Facts, wish: Wish) -> Proposal:
    match wish:
        case MoveBots():
            return await _move_bots(facts, wish)
        case CancelOrders():
            return await _cancel(facts, wish)
        case ChangeLimit():
            return await _limit(facts, wish)
        case ThrowSwitch():
            return await _switch(facts, wish)
        case Trade():
            return await _trade(facts, wish)


async def _move_bots(facts: Facts, wish: MoveBots) -> Proposal:
    bots = await facts.bots()
    if not bots:
        return Proposal((), "You have no bots.")
    found = named(wish.said, bots)
    if found.unclear and not wish.every:
        choice = listed([f"#{bot['num']} {bot['name']}" for bot in found.unclear])
        return Proposal(
            (), f"Which one do you mean: {choice}? Name it by its number, like bot {found.unclear[0]['num']}."
        )
    chosen = list(found.meant) or (bots if wish.every or (len(bots) == 1 and _says_bot(wish.said)) else [])
    if not chosen:
        names = listed([f"{bot['name']} (#{bot['num']})" for bot in bots[:10]])
        return Proposal((), f"Which bot shall I {wish.verb}? You have {names}.")
    able = [bot for bot in chosen if bot["status"] in _FROM[wish.verb]]
    unable = [f"{bot['name']} is {bot['status']}" for bot in chosen if bot not in able]
    if not able:
        return Proposal((), f"There is nothing to {wish.verb}: {listed(unable)}.")
    plan = tuple(_move(wish, bot) for bot in able)
    return Proposal(plan, f"Left out: {listed(unable)}." if unable else "")


def _says_bot(said: str) -> bool:
    return "bot" in said.casefold()


def _move(wish: MoveBots, bot: Mapping[str, Any]) -> MoveBot:
    names = ("num", "name", "exchange", "symbol", "status", "position")
    return MoveBot(verb=wish.verb, bot_id=bot["id"], **{name: bot[name] for name in names})


async def _cancel(facts: Facts, wish: CancelOrders) -> Proposal:
    orders = await facts.open_orders(wish.symbol)
    chosen = [row for row in orders if wish.every or row["num"] in wish.numbers]
    if not chosen:
        if not orders:
            return Proposal((), f"You have no open orders{f' of {wish.symbol}' if wish.symbol else ''}.")
        numbers = listed([f"#{row['num']}" for row in orders[:10]])
        return Proposal((), f"Which order? You have {count(len(orders), 'open order')}: {numbers}.")
    missing = sorted(set(wish.numbers) - {row["num"] for row in chosen})
    note = f"Not open: {listed([f'#{number}' for number in missing])}." if missing else ""
    return Proposal(tuple(_cancelled(row) for row in chosen), note)


def _cancelled(row: Row) -> CancelOrder:
    names = ("order_id", "num", "side", "symbol", "exchange", "quantity", "price")
    return CancelOrder(filled=row["filled_quantity"], **{name: row[name] for name in names})


async def _limit(facts: Facts, wish: ChangeLimit) -> Proposal:
    if wish.limit is None or wish.value is None:
        kinds = "drawdown, daily loss, position value or open orders"
        return Proposal((), f'Which limit, and how much? I can set {kinds}: "set max drawdown to 10%".')
    fraction = wish.limit in ("max_drawdown", "max_daily_loss_fraction")
    if fraction and wish.value > 1:
        return Proposal((), "That limit is a share of at most 100 %.")
    if wish.limit == "max_open_orders" and wish.value != int(wish.value):
        return Proposal((), "The number of open orders must be whole.")
    before = (await facts.effective_limits())[wish.limit]
    return Proposal((SetLimit(limit=wish.limit, value=wish.value, before=before),))


async def _switch(facts: Facts, wish: ThrowSwitch) -> Proposal:
    thrown = await facts.switches()
    mine = any(row["scope"] == "user" for row in thrown)
    if mine == wish.on:
        return Proposal((), f"Your kill switch is {'already thrown' if mine else 'not thrown'}.")
    others = [row["scope"] for row in thrown if row["scope"] != "user"]
    note = f"Still thrown after that: the switch of the {listed(others)}." if others and not wish.on else ""
    return Proposal((ThrowKill(on=wish.on),), note)


async def _trade(facts: Facts, wish: Trade) -> Proposal:
    if wish.symbol is None or (wish.quantity is None) == (wish.funds is None):
        return Proposal((), f'{wish.side.title()} how much of what? For example "{wish.side} 0.01 BTC at 60000".')
    filters = instrument(wish.exchange or _place(wish.symbol), wish.symbol)
    accounts = [row for row in await facts.accounts(filters.exchange) if row["is_active"]]
    paper = [row for row in accounts if row["mode"] == "paper"]
    if not paper:
        return Proposal((), f"You have no paper account at {filters.exchange}; I place orders on paper accounts only.")
    if len(paper) > 1:
        names = listed([row["name"] for row in paper])
        return Proposal(
            (), f"You have several paper accounts at {filters.exchange} ({names}); place it on one yourself."
        )
    reference = Decimal(str((await facts.ticker(filters.symbol, filters.exchange))["price"]))
    price = wish.price if wish.price is not None else reference
    if price <= 0:
        return Proposal((), "The price must be above zero.")
    size = wish.quantity if wish.quantity is not None else divided(wish.funds or Decimal(0), price)
    size = floor_to(size, filters.step_size)
    if not 0 < size < LIMIT or price >= LIMIT:
        return Proposal((), f"The least that can be traded is {filters.step_size} {filters.base}.")
    value = times(size, price)
    if value < filters.min_notional:
        return Proposal(
            (), f"An order at {filters.exchange} must be worth at least {filters.min_notional} {filters.quote}."
        )
    return Proposal((_order(wish, filters, paper[0], size, reference, value),))


def _place(symbol: str) -> str:
    """Where a pair is traded, when the user does not say: the first exchange that has it."""
    quote = symbol.split("/")[1]
    return "luno" if quote == "ZAR" and "luno" in EXCHANGES else "binance"


def _order(wish: Trade, filters: Any, account: Row, size: Decimal, reference: Decimal, value: Decimal) -> PlaceOrder:
    return PlaceOrder(
        account_id=account["id"],
        account=account["name"],
        exchange=filters.exchange,
        symbol=filters.symbol,
        side=wish.side,
        order_type="market" if wish.price is None else "limit",
        quantity=size,
        price=wish.price,
        reference=reference,
        value=value,
    )
