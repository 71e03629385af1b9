"""The welcome, and the day so far, of true figures."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

from millrace.assistant.app.answers import part
from millrace.assistant.app.facts import Facts
from millrace.assistant.domain.figures import count, money, percent
from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import MillraceError

_BOTS = 10
_ALERTS = 3


class Greeting(NamedTuple):
    """A welcome and the day's report."""

    text: str
    summary: str
    highlights: Sequence[str]


async def greet(facts: Facts, user: Principal, now: datetime) -> Greeting:
    """Greet the user by name. What cannot be said now, the report says so."""
    name, currency = user.username, None
    try:
        me = await facts.me()
        name, currency = me["first_name"] or me["username"], await facts.currency()
    except MillraceError:
        pass  # who signed in is known without
    bots: list[dict[str, Any]] = []
    try:
        bots = await facts.bots()
        summary = await part("today's result", lambda: _summary(facts, bots, currency))
    except MillraceError as problem:
        summary = f"I cannot tell what your bots did today ({problem.message})."
    return Greeting(f"Welcome back, {name}!", summary, await _highlights(facts, bots, currency, now))


async def _summary(facts: Facts, bots: Sequence[dict[str, Any]], currency: str | None) -> str:
    whole = await facts.performance("day", currency)
    unit, share = whole["currency"], whole["total_return_fraction"]
    worth = f"your portfolio is worth {money(whole['final_balance'], unit)}"
    change = "" if share is None else f" ({percent(share, signed=True)})"
    result = f"{money(whole['total_return'], unit, signed=True)}{change} today"
    if not bots:
        return f"You have no bots yet; {worth}, {result}."
    made = await facts.performance("day", currency, [bot["id"] for bot in bots])
    gained = Decimal(str(made["total_return"]))
    verdict = f"generated {money(gained, unit)} in profit" if gained >= 0 else f"lost {money(-gained, unit)}"
    active = sum(bot["status"] == "active" for bot in bots)
    return f"Today your {count(active, 'active bot')} of {len(bots)} {verdict}; {worth}, {result}."


async def _highlights(facts: Facts, bots: Sequence[dict[str, Any]], currency: str | None, now: datetime) -> list[str]:
    found: list[str] = []
    for bot in [bot for bot in bots if bot["status"] != "created"][:_BOTS]:
        found += await _of_bot(facts, bot, currency)
    midnight = datetime.combine(now.date(), time(), UTC).isoformat()
    try:
        found += [f"Risk: {row['message']}" for row in (await facts.alerts(_ALERTS, midnight))["items"]]
        found += [f"The kill switch of the {row['scope']} is thrown: {row['reason']}" for row in await facts.switches()]
    except MillraceError as problem:
        found.append(f"Risk cannot be told now ({problem.message})")
    try:
        waiting = len(await facts.open_orders())
        found += [f"{count(waiting, 'order')} open"] if waiting else []
    except MillraceError as problem:
        found.append(f"Open orders cannot be told now ({problem.message})")
    return found


async def _of_bot(facts: Facts, bot: dict[str, Any], currency: str | None) -> list[str]:
    """What a bot made today, and why it stands still where it does."""
    told = []
    if bot["status"] != "active":
        why = f": {bot['reason']}" if bot.get("reason") else ""
        told.append(f"{bot['name']} is {bot['status']}{why}")
    try:
        made = await facts.performance("day", currency, [bot["id"]])
    except MillraceError:
        return told  # the summary has said so
    gained = Decimal(str(made["total_return"]))
    if gained:
        verb = "gained" if gained > 0 else "lost"
        told.append(f"{bot['name']} {verb} {money(abs(gained), made['currency'])}")
    return told
