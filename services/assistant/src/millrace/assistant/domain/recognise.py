"""What a message asks for, by rules.

Wishes come before questions; what forbids something, or asks whether or why, never becomes a wish.
"""

import re
from collections.abc import Callable
from typing import cast

from millrace.assistant.domain.intents import (
    Ask,
    CancelOrders,
    ChangeLimit,
    Confirm,
    Decline,
    Intent,
    LimitName,
    MoveBots,
    Period,
    ThrowSwitch,
    Topic,
    Trade,
    Unclear,
    Verb,
    Wish,
)
from millrace.assistant.domain.said import Said
from millrace.common.kernel.symbols import QUOTES

TOKEN = re.compile(r"(?<![\w-])[A-Za-z0-9_-]{54}(?![\w-])")
_SHORT, _LONGEST = 4, 60
_PERIODS: dict[str, Period] = {"24h": "24h", "ever": "all", "year": "1y", "month": "30d", "week": "7d", "day": "day"}
_TOPICS: tuple[tuple[str, Topic], ...] = (
    ("help", "help"),
    ("profit", "profit"),
    ("risk", "risk"),
    ("killswitch", "risk"),
    ("switch", "risk"),
    ("drawdown", "risk"),
    ("order", "orders"),
    ("trade", "trades"),
    ("position", "positions"),
    ("balance", "balance"),
    ("bot", "bots"),
    ("loss", "profit"),
    ("status", "status"),
    ("trading", "status"),
    ("hello", "hello"),
    ("thanks", "thanks"),
)


def recognise(text: str) -> Intent:
    """The intent of a message."""
    if token := TOKEN.search(text):
        return Confirm(token[0])
    said = Said(text)
    if len(said.words) > _LONGEST:
        return Unclear()  # a story; what in it is a wish, rules cannot tell
    if len(said.words) <= _SHORT and (said.has("no") or _withdraws(said)):
        return Decline()
    if not said.asks:
        wish = _wish(said)
        if wish is not None:
            return Decline() if said.forbids else wish
        if said.has("yes") and len(said.words) <= _SHORT:
            return Confirm()
    return _question(said)


def _wish(said: Said) -> Wish | None:
    rules: tuple[Callable[[Said], Wish | None], ...] = (_switch, _trade, _limit, _cancel, _bots)
    return next((wish for rule in rules if (wish := rule(said)) is not None), None)


def _withdraws(said: Said) -> bool:
    """`Cancel that`: nothing is said of what else there is to cancel."""
    return said.has("cancel") and not said.has("order", "all", "bot") and not said.numbers and "#" not in said.text


def _switch(said: Said) -> ThrowSwitch | None:
    if said.has("killswitch") or (said.has("kill") and said.has("switch")):
        if said.has("off", "resume", "stop", "cancel"):
            return ThrowSwitch(on=False)
        return ThrowSwitch(on=True) if said.has("on", "start") else None
    if said.has("trading") and not said.has("bot"):
        if said.has("resume", "start"):
            return ThrowSwitch(on=False)
        return ThrowSwitch(on=True) if said.has("stop", "pause", "kill") else None
    emergency = said.words[:1] == ("panic",) or said.words[:2] == ("emergency", "stop")
    return ThrowSwitch(on=True) if emergency else None


def _trade(said: Said) -> Trade | None:
    side = said.first("buy", "sell")
    if side is None or said.has("bot"):
        return None
    terms: dict[str, object] = {}
    for place, value, percent in said.numbers:
        before, after = said.words[place - 1 : place], said.words[place + 1 : place + 2]
        if percent:
            continue
        if before and before[0] in ("at", "@", "limit", "price"):
            terms["price"] = value
        elif (before and before[0] in ("for", "worth", "$")) or (after and after[0].upper() in _money(said)):
            terms["funds"] = value
        else:
            terms["quantity"] = value
    return Trade(side, said.symbol, exchange=said.exchange, **terms)  # type: ignore[arg-type]


def _money(said: Said) -> set[str]:
    """The quote currencies that amounts may be in: never the asset that is traded."""
    return {"RAND", "DOLLARS"} | {
        quote for quote in QUOTES if said.symbol is None or quote != said.symbol.split("/")[0]
    }


def _limit(said: Said) -> ChangeLimit | None:
    if not said.has("set") or said.has("bot"):
        return None
    percent = any(each for _, _, each in said.numbers)
    name: LimitName | None = None
    if said.has("drawdown"):
        name = "max_drawdown"
    elif said.has("loss"):
        name = "max_daily_loss_fraction" if percent else "max_daily_loss"
    elif said.has("order"):
        name = "max_open_orders"
    elif said.has("position"):
        name = "max_position_value"
    if name is None and "limit" not in said.words and "limits" not in said.words:
        return None
    value = said.numbers[0][1] if len(said.numbers) == 1 else None
    if value is not None and name in ("max_drawdown", "max_daily_loss_fraction"):
        value = value / 100 if percent or value >= 1 else value
    return ChangeLimit(name, value)


def _cancel(said: Said) -> CancelOrders | None:
    if not said.has("cancel") or said.has("bot"):
        return None
    named = [word.lstrip("#") for word in said.words]
    numbers = tuple(int(word) for word in named if word.isascii() and word.isdigit() and len(word) < 19)
    if not (said.has("order", "all") or numbers):
        return None
    plural = "orders" in said.words
    return CancelOrders(numbers, every=said.has("all") or (plural and not numbers), symbol=said.symbol)


def _bots(said: Said) -> MoveBots | None:
    verb = said.first("start", "pause", "resume", "stop")
    if verb is None or said.has("order", "position"):
        return None
    plural = any(word in ("bots", "robots") for word in said.words)
    return MoveBots(cast(Verb, verb), said.text, every=said.has("all") or plural)


def _question(said: Said) -> Intent:
    period = next((_PERIODS[found] for found in said.meanings if found in _PERIODS), "day")
    if said.has("price") and said.symbol:
        return Ask("price", said.text, symbol=said.symbol, sure=said.sure)
    topic = next((topic for word, topic in _TOPICS if said.has(word)), None)
    if topic is None and said.symbol and len(said.words) <= _SHORT:
        topic = "price"
    if topic is None and said.has("start", "pause", "resume", "stop"):
        topic = "bots"  # why did it stop?
    if topic is None:
        return Unclear()
    return Ask(topic, said.text, cast(Period, period), said.symbol, said.sure)
