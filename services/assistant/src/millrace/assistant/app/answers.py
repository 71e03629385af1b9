"""Answers in words, of true figures with their units."""

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any

from millrace.assistant.app.facts import Facts
from millrace.assistant.app.plans import LIMITS, limit_value
from millrace.assistant.domain.figures import count, money, percent, quantity
from millrace.assistant.domain.intents import Ask
from millrace.assistant.domain.naming import named
from millrace.common.kernel.conversion import Conversion
from millrace.common.kernel.errors import MillraceError

_SHOWN = 10
_SPANS = {
    "day": "Today",
    "24h": "In 24 hours",
    "7d": "In 7 days",
    "30d": "In 30 days",
    "1y": "In a year",
    "all": "So far",
}
HELP = (
    "You can ask me about your status, bots, profit (today, this week, this month, overall), balance, positions, "
    'orders, trades, risk, and prices. I can also act, once you have confirmed it: "pause Alpha", "start bot 3", '
    '"stop all bots", "cancel order 12", "cancel all orders", "set max drawdown to 10%", "kill switch on", '
    '"buy 0.01 BTC at 60000" on a paper account.'
)
UNCLEAR = f"I did not understand that. {HELP}"


async def answer(facts: Facts, asked: Ask) -> str:
    """The answer to a question; where a service cannot say something now, the answer says so."""
    try:
        return await _ANSWERS[asked.topic](facts, asked)
    except MillraceError as problem:
        return f"I cannot say that now: {problem.message}."


async def _help(facts: Facts, asked: Ask) -> str:
    return HELP


async def _hello(facts: Facts, asked: Ask) -> str:
    return f"Hello. {HELP}"


async def _thanks(facts: Facts, asked: Ask) -> str:
    return "You are welcome."


async def _status(facts: Facts, asked: Ask) -> str:
    currency = await facts.currency()
    lines = [
        await part("the portfolio", lambda: _overview(facts, currency)),
        await part("today's result", lambda: _gained(facts, "day", currency)),
        await part("open orders", lambda: _open_orders(facts)),
        await part("the kill switches", lambda: _switches(facts)),
    ]
    return " ".join(line for line in lines if line)


async def part(what: str, say: Callable[[], Awaitable[str]]) -> str:
    """One part of a longer answer; a service that is away takes away no other part."""
    try:
        return await say()
    except MillraceError as problem:
        return f"I cannot tell {what} now ({problem.message})."


async def _overview(facts: Facts, currency: str | None) -> str:
    bots = await facts.bots()
    found = await facts.overview(bots, currency)
    unit = found["currency"]
    wins = "" if found["win_rate"] is None else f", {percent(found['win_rate'])} of them with a profit"
    return (
        f"Your portfolio has {count(found['active_bots'], 'active bot')} of {found['total_bots']} and is worth "
        f"{money(found['total_capital'], unit)}, a total profit of {money(found['total_profit'], unit, signed=True)}, "
        f"with {count(found['total_trades'], 'closed trade')}{wins}. The risk level is {found['risk_level']}."
    )


async def _gained(facts: Facts, period: str, currency: str | None, bots: list[str] | None = None) -> str:
    found = await facts.performance(period, currency, bots)
    share = found["total_return_fraction"]
    share = "" if share is None else f" ({percent(share, signed=True)})"
    return f"{_SPANS[period]} the result is {money(found['total_return'], found['currency'], signed=True)}{share}."


async def _open_orders(facts: Facts) -> str:
    found = await facts.open_orders()
    return f"{count(len(found), 'order')} {'is' if len(found) == 1 else 'are'} open."


async def _switches(facts: Facts) -> str:
    thrown = await facts.switches()
    named_ = ", ".join(f"of the {row['scope']} ({row['reason']})" for row in thrown)
    return f"Kill switches are thrown: {named_}." if thrown else ""


async def _bots(facts: Facts, asked: Ask) -> str:
    bots = await facts.bots()
    if not bots:
        return "You have no bots."
    results: Mapping[str, Decimal] | None = None
    into, told = Conversion(""), dict[str, Decimal]()
    try:
        into = await facts.conversion()
        results = await facts.bot_results()
        told = await facts.bot_results(into.currency) if into.currency else told
        note = ""
    except MillraceError as problem:
        note = f" I cannot tell their profits now ({problem.message})."
    chosen = list(named(asked.said, bots).meant) or bots
    active = sum(bot["status"] == "active" for bot in bots)
    head = f"You have {count(active, 'active bot')} of {len(bots)}." if chosen == bots else ""
    lines = [_bot(bot, _result(bot, results, told, into)) for bot in chosen[:_SHOWN]]
    more = f" And {len(chosen) - _SHOWN} more." if len(chosen) > _SHOWN else ""
    return f"{head} {' '.join(lines)}{more}{note}".strip()


def _result(
    bot: Mapping[str, Any], own: Mapping[str, Decimal] | None, told: Mapping[str, Decimal], into: Conversion
) -> str:
    """What a bot made, of `own` in its quote currency; in the user's where the portfolio has `told` it in that."""
    if own is None:
        return ""
    quote, made = bot["symbol"].split("/")[1], told.get(bot["id"])
    gain = _gain(own.get(bot["id"], 0), quote, into) if made is None else money(made, into.currency, signed=True)
    return f", {gain} so far"


def _bot(bot: Mapping[str, Any], result: str) -> str:
    base = bot["symbol"].split("/")[0]
    why = f" ({bot['reason']})" if bot.get("reason") else ""
    held = Decimal(str(bot["position"]))
    holds = f", holds {quantity(held)} {base}" if held else ""
    return (
        f"{bot['name']} (#{bot['num']}, {bot['symbol']} on {bot['exchange']}) is {bot['status']}{why}{holds}{result}."
    )


def _gain(amount: Any, quote: str, into: Conversion, kept: Mapping[str, str] | None = None) -> str:
    """In words; of what is past with the rates that were `kept`."""
    kept = kept or {}
    if quote in into.rates or into.currency in kept:
        return money(into.booked(Decimal(str(amount)), quote, kept), into.currency, signed=True)
    return money(amount, quote, signed=True)


async def _profit(facts: Facts, asked: Ask) -> str:
    currency = await facts.currency()
    chosen = named(asked.said, await facts.bots()).meant
    if not chosen:
        return await _gained(facts, asked.period, currency)
    lines = [f"{bot['name']}: {await _gained(facts, asked.period, currency, [bot['id']])}" for bot in chosen[:_SHOWN]]
    return " ".join(lines)


async def _balance(facts: Facts, asked: Ask) -> str:
    found = await facts.balance(await facts.currency())
    unit = found["currency"]
    held = ", ".join(f"{quantity(a['wallet_balance'])} {a['asset']}" for a in found["assets"]) or "nothing"
    unpriced = f" No price is known of {', '.join(found['unpriced'])}." if found["unpriced"] else ""
    return (
        f"You have {money(found['margin_balance'], unit)}: {money(found['available_balance'], unit)} available and "
        f"{money(found['locked_balance'], unit)} locked by open orders. You hold {held}.{unpriced}"
    )


async def _positions(facts: Facts, asked: Ask) -> str:
    found = [row for row in await facts.positions() if asked.symbol in (None, row["symbol"])]
    into, lines = await facts.conversion() if found else Conversion(""), []
    for row in found[:_SHOWN]:
        base, quote = row["symbol"].split("/")
        gain = _gain(row["unrealized_pnl"], quote, into)
        prices = f"bought at {quantity(row['entry_price'])}, now {quantity(row['mark_price'])} {quote}"
        lines.append(f"{quantity(row['quantity'])} {base} on {row['exchange']}, {prices}: {gain}.")
    return _listed(len(found), "open position", lines)


async def _orders(facts: Facts, asked: Ask) -> str:
    found = await facts.open_orders(asked.symbol)
    lines = []
    for row in found[:_SHOWN]:
        price = f"at {quantity(row['price'])}" if row["price"] is not None else "at market"
        terms = f"{row['side']} {quantity(row['quantity'])} {row['symbol']} {price} on {row['exchange']}"
        lines.append(f"#{row['num']}: {terms}, {row['state']}, {quantity(row['filled_quantity'])} filled.")
    return _listed(len(found), "open order", lines)


async def _trades(facts: Facts, asked: Ask) -> str:
    found = await facts.trades(_SHOWN)
    into, lines = await facts.conversion() if found else Conversion(""), []
    for row in found:
        base, quote = row["symbol"].split("/")
        terms = f"{row['side']} {quantity(row['quantity'])} {base} at {quantity(row['price'])} {quote}"
        lines.append(f"{row['at']}: {terms}, result {_gain(row['profit_loss'], quote, into, row['rates'])}.")
    return f"Your last trades, newest first. {' '.join(lines)}" if lines else "You have no trades yet."


async def _risk(facts: Facts, asked: Ask) -> str:
    limits = await facts.effective_limits()
    told = [
        f"{words} {limit_value(n, Decimal(str(limits[n])))}" for n, words in LIMITS.items() if limits[n] is not None
    ]
    used = [row for row in await facts.limits() if row["enabled"] and Decimal(str(row["utilization"])) > 0]
    top = max(used, key=lambda row: Decimal(str(row["utilization"])), default=None)
    alerts = await facts.alerts(3)
    news = " ".join(f"{row['severity']}: {row['message']}." for row in alerts["items"])
    return " ".join(
        line
        for line in (
            f"Your limits: {', '.join(told)}.",
            f"Nearest to its limit is {top['limit_type']}: {percent(top['utilization'])} used." if top else "",
            await part("the kill switches", lambda: _switches(facts)) or "No kill switch is thrown.",
            f"{count(alerts['total'], 'alert')} so far; the newest: {news}" if alerts["items"] else "No alerts.",
        )
        if line
    )


async def _price(facts: Facts, asked: Ask) -> str:
    found = await facts.ticker(asked.symbol or "BTC/USDT")
    quote = found["symbol"].split("/")[1]
    change = found["change_percent_24h"]
    day = "" if change is None else f", {percent(Decimal(str(change)) / 100, signed=True)} in 24 hours"
    return f"{found['symbol']} on {found['exchange']} is {quantity(found['price'])} {quote}{day} (at {found['at']})."


def _listed(number: int, what: str, lines: list[str]) -> str:
    if not number:
        return f"You have no {what}s."
    more = f" And {number - len(lines)} more." if number > len(lines) else ""
    return f"You have {count(number, what)}. {' '.join(lines)}{more}"


_ANSWERS: Mapping[str, Callable[[Facts, Ask], Awaitable[str]]] = {
    "help": _help,
    "hello": _hello,
    "thanks": _thanks,
    "status": _status,
    "bots": _bots,
    "profit": _profit,
    "balance": _balance,
    "positions": _positions,
    "orders": _orders,
    "trades": _trades,
    "risk": _risk,
    "price": _price,
}
