"""The words the rules know, and what each of them stands for."""

from collections.abc import Mapping
from functools import lru_cache

from millrace.assistant.domain.words import nearest

_MEANINGS: Mapping[str, str] = {
    "start": "start run launch activate begin",
    "pause": "pause suspend",
    "resume": "resume continue unpause",
    "stop": "stop end halt deactivate disable quit terminate",
    "cancel": "cancel withdraw abort revoke",
    "set": "set change limit cap raise lower max maximum increase decrease reduce",
    "buy": "buy purchase",
    "sell": "sell",
    "kill": "kill emergency panic",
    "switch": "switch",
    "killswitch": "killswitch kill-switch",
    "on": "on throw engage pull trigger enable hit",
    "off": "off release lift reset disengage",
    "trading": "trading",
    "bot": "bot bots robot robots",
    "order": "order orders",
    "position": "position positions holding holdings",
    "all": "all every everything both",
    "drawdown": "drawdown",
    "daily": "daily",
    "loss": "loss losses",
    "open": "open pending working resting",
    "profit": "profit profits pnl p&l earnings earned earn gain gained gains return returns performance made lost make",
    "balance": "balance balances funds wallet cash money equity capital",
    "risk": "risk risks limits exposure alert alerts warning warnings utilization utilisation",
    "price": "price prices quote ticker cost worth",
    "status": "status portfolio overview summary report account accounts doing going",
    "help": "help commands usage",
    "hello": "hello hi hey morning afternoon evening",
    "thanks": "thanks thank",
    "no": "no nope nevermind never",
    "not": "not don't dont doesn't without",
    "yes": "yes confirm confirmed ok okay sure",
    "day": "today day daily",
    "week": "week weekly 7d",
    "month": "month monthly 30d",
    "year": "year yearly annual 1y",
    "24h": "24h",
    "ever": "total overall ever lifetime",
    "trade": "trade trades fill fills",
}
_FILLING = """
a about again also am an and any are at be been bitcoin btc by can check could current currently did do does ether
ethereum eth for from get give good got had has have how i in is it its just know last let like list look many market me
mind much my need now of one or our please right see show so some tell than that the their them then there these they
this those to trend two up us want was we were what what's when where which who why will with would you your luno
binance xbt usdt zar usd new latest recent open
"""
MEANING: Mapping[str, str] = {word: name for name, group in _MEANINGS.items() for word in group.split()}
FILLING = frozenset(_FILLING.split())
_KNOWN = [word for word in MEANING if len(word) > 3]


@lru_cache(maxsize=4096)
def meaning(word: str) -> str | None:
    """What a word stands for, a small slip forgiven; None for a word that stands for nothing or that is not known."""
    if word in MEANING:
        return MEANING[word]
    if word in FILLING:
        return None
    meant = nearest(word, [*_KNOWN, *(known for known in FILLING if len(known) > 3)])
    return MEANING.get(meant) if meant else None


def known(word: str) -> bool:
    """Whether the rules know the word at all; numbers count as known."""
    return meaning(word) is not None or word in FILLING or word[0].isdigit() or word[0] in "#@$%"
