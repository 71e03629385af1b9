"""Words as people type them: cut apart, spelled alike, small slips forgiven."""

import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"(?<![\w.])\.\d+%?|[^\W_]+(?:[./'_-][^\W_]+)*%?|#\d+|[@$%]")
_FORGIVING = 4
"""Shorter words must be spelled right: too many others are one letter away."""
_GENEROUS = 8


def words(text: str) -> tuple[str, ...]:
    """The words of a text in small letters, without punctuation; numbers, pairs and `#12` stay whole.

    A comma between digits groups thousands and is left out.
    """
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)", "", plain)
    return tuple(_WORD.findall(plain))


def slips(one: str, other: str) -> int:
    """How many letters must be added, left out, changed or swapped with their neighbour to make one word the other."""
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]


def alike(typed: str, meant: str) -> bool:
    """Whether `typed` may be meant as `meant`: one slip in four letters or more, two in eight or more."""
    if [sign for sign in typed if sign.isdigit()] != [sign for sign in meant if sign.isdigit()]:
        return False  # a number is never a slip
    shorter = min(len(typed), len(meant))
    allowed = 0 if shorter < _FORGIVING else 1 if shorter < _GENEROUS else 2
    if abs(len(typed) - len(meant)) > allowed or len(set(typed) ^ set(meant)) > 2 * allowed:
        return False  # as is most often the case, and seen much sooner
    return slips(typed, meant) <= allowed


def nearest(typed: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant; None when nothing is near, or two are equally near."""
    near = sorted((slips(typed, word), word) for word in known if alike(typed, word))
    if not near or (len(near) > 1 and near[0][0] == near[1][0]):
        return None
    return near[0][1]
