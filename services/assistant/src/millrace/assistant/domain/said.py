"""A message, read word by word."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from millrace.assistant.domain.grammar import known, meaning
from millrace.assistant.domain.words import words
from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.instruments import EXCHANGES, INSTRUMENTS
from millrace.common.kernel.money import parse_amount
from millrace.common.kernel.symbols import QUOTES, parse_symbol

_QUESTION = "what what's when where which who why how is are was were did does do should has have am"
_ASKING = frozenset(_QUESTION.split())
_NAMES: Mapping[str, str] = {"bitcoin": "BTC", "xbt": "BTC", "ether": "ETH", "ethereum": "ETH"}
_NUMBER = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(k?)(%?)")
_PAIR = re.compile(r"[a-z0-9]{2,10}[/_-][a-z0-9]{2,10}|[a-z0-9]{5,12}")


@dataclass(frozen=True)
class Said:
    """A message with its words and what they stand for."""

    text: str

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words, as typed but in small letters."""
        return words(self.text)

    @cached_property
    def meanings(self) -> tuple[str | None, ...]:
        """What each word stands for."""
        return tuple(meaning(word) for word in self.words)

    def has(self, *names: str) -> bool:
        """Whether any word stands for one of these."""
        return any(name in self.meanings for name in names)

    def first(self, *names: str) -> str | None:
        """The first of these that a word stands for."""
        return next((found for found in self.meanings if found in names), None)

    @property
    def asks(self) -> bool:
        """Whether it is a question and not a wish; `can you` and `could you` ask for something to be done."""
        return bool(self.words) and self.words[0] in _ASKING

    @property
    def forbids(self) -> bool:
        """Whether something is not to be done."""
        return self.has("not") or self.words[:1] == ("never",)

    @property
    def sure(self) -> bool:
        """Whether every word of it is known."""
        return all(known(word) for word in self.words)

    @cached_property
    def numbers(self) -> tuple[tuple[int, Decimal, bool], ...]:
        """Each amount: where it stands, how much, and whether in percent. `5k` is 5000; `#12` is no amount."""
        found = []
        for place, word in enumerate(self.words):
            if match := _NUMBER.fullmatch(word):
                percent = bool(match[3]) or self.words[place + 1 : place + 2] in (("%",), ("percent",))
                try:
                    value = parse_amount(match[1]) * (1000 if match[2] else 1)
                except MillraceError:
                    continue
                found.append((place, value, percent))
        return tuple(found)

    @cached_property
    def exchange(self) -> str | None:
        """The exchange that is named."""
        return next((word for word in self.words if word in EXCHANGES), None)

    @cached_property
    def symbol(self) -> str | None:
        """The pair that is meant: as written, or an asset in the first quote currency it is traded in."""
        for word in self.words:
            if _PAIR.fullmatch(word) and word not in EXCHANGES and meaning(word) is None and (pair := _pair(word)):
                return pair
        asset = next((word.upper() for word in self.words if word.upper() in _bases()), None)
        asset = asset or next((_NAMES[word] for word in self.words if word in _NAMES), None)
        quote = next((word.upper() for word in self.words if word.upper() in QUOTES and word.upper() != asset), None)
        listed = [s for e, s in INSTRUMENTS if s.split("/")[0] == asset and self.exchange in (None, e)]
        return next((s for s in listed if quote == s.split("/")[1]), listed[0] if listed else None)


def _bases() -> set[str]:
    return {symbol.split("/")[0] for _, symbol in INSTRUMENTS}


def _pair(word: str) -> str | None:
    try:
        pair = parse_symbol(word)
    except MillraceError:
        return None
    separated = any(sign in word for sign in "/_-")
    return str(pair) if pair.quote in QUOTES and (separated or pair.base in _bases()) else None
