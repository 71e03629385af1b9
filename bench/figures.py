"""What a benchmark found: figures of one run, each beside its own floor or peer, as a ratio with its spread."""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

VERDICTS = {True: "met", False: "NOT MET", None: ""}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing. `values` and `floors` hold one number per round; `goal` says what must hold, in words.

    `most` bounds the ratio (or the value, without a floor) from above, `least` from below. `upside_down` makes the
    ratio floor by value: how many times better than a peer a cost is.
    """

    case: str
    unit: str
    values: Sequence[float]
    floors: Sequence[float] = ()
    goal: str = ""
    most: float | None = None
    least: float | None = None
    upside_down: bool = False

    @property
    def ratios(self) -> list[float]:
        """Value by floor, round by round; the values themselves without a floor."""
        if not self.floors:
            return list(self.values)
        pairs = zip(self.values, self.floors, strict=True)
        return [_by(floor, value) if self.upside_down else _by(value, floor) for value, floor in pairs]

    @property
    def met(self) -> bool | None:
        """Whether the median keeps the goal; None when there is none."""
        middle = statistics.median(self.ratios)
        if self.most is None and self.least is None:
            return None
        return (self.most is None or middle <= self.most) and (self.least is None or middle >= self.least)

    def _cells(self) -> tuple[str, str, str, str]:
        """Value, floor, ratio, spread."""
        value, ratios = f"{statistics.median(self.values):.4g} {self.unit}".strip(), self.ratios
        spread = f"{min(ratios):.3g}-{max(ratios):.3g}" if len(ratios) > 1 else ""
        if not self.floors:
            return value, "", "", spread
        return value, f"{statistics.median(self.floors):.4g}", f"x{statistics.median(ratios):.2f}", spread

    def line(self) -> str:
        """For people."""
        value, floor, ratio, spread = self._cells()
        beside = f"{'floor ' + floor if floor else '':15} {ratio:8} {f'({spread})' if spread else '':18}"
        return f"{self.case:58} {value:16} {beside} {self.goal:30} {VERDICTS[self.met]}".rstrip()

    def row(self) -> str:
        """A line of the table in docs/benchmarks.md."""
        return f"| {self.case} | {' | '.join(self._cells())} | {self.goal} | {VERDICTS[self.met]} |"

    def json(self) -> str:
        """For machines."""
        return json.dumps({**asdict(self), "ratios": self.ratios, "met": self.met})


def read(line: str) -> Figure:
    """The figure in one line of a --json file."""
    found = json.loads(line)
    return Figure(**{name: found[name] for name in Figure.__slots__})


def table(figures: Sequence[Figure]) -> str:
    """Markdown of a whole run."""
    head = "| figure | value | floor or peer | ratio | spread | goal | |\n|---|---|---|---|---|---|---|"
    return "\n".join([head, *(figure.row() for figure in figures)]) + "\n"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0-1) of them lie; not a number when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else math.nan


def _by(value: float, floor: float) -> float:
    return value / floor if floor else math.inf
