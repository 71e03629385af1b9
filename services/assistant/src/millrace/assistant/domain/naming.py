"""Which of a user's bots a message names."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from millrace.assistant.domain.words import alike, words

_SAID_ANYWAY = frozenset({"bot", "bots", "the", "my"})


class Named(NamedTuple):
    """The bots that are meant, and those of which it is not clear which one is."""

    meant: tuple[Mapping[str, Any], ...]
    unclear: tuple[Mapping[str, Any], ...] = ()


class _Place(NamedTuple):
    begin: int
    end: int


def named(text: str, bots: Sequence[Mapping[str, Any]]) -> Named:
    """The bots whose `name` or number (`#3`, `bot 3`) is in `text`, in their own order.

    Of names in the same place the longest counts: `Alpha 2` is not also `Alpha`. Slips are forgiven only where nothing
    is named exactly. Bots of one name, or of names equally near to what was typed, are unclear.
    """
    said = words(text)
    numbers = _numbers(said)
    by_number = [bot for bot in bots if bot["num"] in numbers]
    places = _places(said, bots, exactly=True)
    if not places and not by_number:
        places = _places(said, bots, exactly=False)
    longest = {i: p for i, p in places.items() if not any(_inside(p, other) for other in places.values())}
    unclear = {i for i, p in longest.items() if sum(p == other for other in longest.values()) > 1}
    chosen = [bot for i, bot in enumerate(bots) if (i in longest and i not in unclear) or bot in by_number]
    return Named(tuple(chosen), tuple(bots[i] for i in sorted(unclear) if bots[i] not in by_number))


def _numbers(said: Sequence[str]) -> set[int]:
    after_bot = {word for before, word in itertools.pairwise(said) if before in ("bot", "number")}
    found = {word[1:] for word in said if word[0] == "#"} | after_bot
    return {int(word) for word in found if word.isascii() and word.isdigit() and len(word) < 19}


def _places(said: Sequence[str], bots: Sequence[Mapping[str, Any]], *, exactly: bool) -> dict[int, _Place]:
    found: dict[int, _Place] = {}
    for i, bot in enumerate(bots):
        name = words(bot["name"])
        short = tuple(word for word in name if word not in _SAID_ANYWAY)
        for form in (name, short):
            place = _place(said, form, exactly=exactly)
            if place is not None:
                found[i] = place
                break
    return found


def _place(said: Sequence[str], name: Sequence[str], *, exactly: bool) -> _Place | None:
    for begin in range(len(said) - len(name) + 1) if name else ():
        window = said[begin : begin + len(name)]
        if all(a == b if exactly else a == b or alike(a, b) for a, b in zip(window, name, strict=True)):
            return _Place(begin, begin + len(name))
    return None


def _inside(place: _Place, other: _Place) -> bool:
    return place != other and other.begin <= place.begin and place.end <= other.end
