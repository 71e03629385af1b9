"""The currency that a user reads amounts in: contract network tells all in it, the others in that of the pair."""

from collections.abc import Sequence
from decimal import Decimal

from millrace.common.kernel.conversion import Conversion, conversion
from millrace.common.kernel.money import divided
from millrace.contracts.canonical.bots import Bot
from millrace.contracts.names import Contract
from millrace.gateway.app.asking import Asking


async def users_own(asking: Asking) -> Conversion | None:
    """Into the caller's currency, by today's rates; None for clients who read amounts as they are."""
    if asking.spoken is not Contract.NETWORK:
        return None
    me = await asking.ask("auth", "GET", "/users/me")
    return conversion(await asking.ask("portfolio", "GET", "/rates", query={"into": me["currency"]}))


async def in_it(asking: Asking, bots: Sequence[Bot]) -> Sequence[Bot]:
    """The bots' amounts in the caller's own currency, for clients who read them so; else in that of their pairs.

    What they have realised is told at the rates of its time, where the bots are the caller's, and what was given in the
    caller's currency as it was; the rest at the rates of today.
    """
    into = await users_own(asking) if bots else None
    if into is None:
        return bots
    results = await asking.ask("portfolio", "GET", "/bots", query={"currency": into.currency})
    return tuple(_converted(bot, into, results.get(str(bot.id))) for bot in bots)


def _converted(bot: Bot, into: Conversion, result: str | None) -> Bot:
    quote = bot.symbol.split("/")[1]
    profit = into.worth(bot.total_profit, quote) if result is None or quote == into.currency else Decimal(result)
    given = bot.given if bot.given_in == into.currency else None
    initial = into.worth(bot.initial_capital, quote) if given is None else given
    worth = {"initial_capital": initial, "current_capital": initial + profit, "total_profit": profit}
    if given is not None:
        worth["profit"] = divided(profit, given)
    return bot.model_copy(update=worth)
