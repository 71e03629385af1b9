"""The currency that a user reads amounts in: contract network tells all in it, the others in that of the pair."""

from decimal import Decimal

from millrace.common.kernel.conversion import Conversion, conversion
from millrace.common.kernel.money import divided
from millrace.contracts.canonical.bots import Bot
from millrace.contracts.names import Contract
from millrace.gateway.app.asking import Asking

_AMOUNTS = ("initial_capital", "current_capital", "total_profit")


async def users_own(asking: Asking) -> Conversion | None:
    """Into the caller's currency, by today's rates; None for clients who read amounts as they are."""
    if asking.spoken is not Contract.NETWORK:
        return None
    me = await asking.ask("auth", "GET", "/users/me")
    return conversion(await asking.ask("portfolio", "GET", "/rates", query={"into": me["currency"]}))


def in_it(bot: Bot, into: Conversion | None) -> Bot:
    """A bot's amounts, which are in its quote currency; what was given in the user's own is told as it was."""
    if into is None:
        return bot
    quote = bot.symbol.split("/")[1]
    worth: dict[str, Decimal] = {name: into.worth(getattr(bot, name), quote) for name in _AMOUNTS}
    if bot.given is not None and bot.given_in == into.currency:
        profit = worth["total_profit"]
        worth |= {"initial_capital": bot.given, "current_capital": bot.given + profit}
        worth["profit"] = divided(profit, bot.given)
    return bot.model_copy(update=worth)
