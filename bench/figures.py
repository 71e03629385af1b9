"""What a benchmark found: figures of one run, each beside its own floor or peer, as a ratio with its spread."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing. `values` and `floors` hold one number per round; `goal` says what must hold, in words.

    `most` bounds the ratio (or the value, without a floor) from above, `least` from below.
    """

    case: str
    unit: str
    values: Sequence[float]
    floors: Sequence[float] = ()
    goal: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def ratios(self) -> list[float]:
        """Value by floor, round by round; the values themselves without a floor."""
        if not self.floors:
            return list(self.values)
        return [value / floor for value, floor in zip(self.values, self.floors, strict=True)]

    @property
    def met(self) -> bool | None:
        """Whether the median keeps the goal; None when there is none."""
        middle = statistics.median(self.ratios)
        if self.most is None and self.least is None:
            return None
        return (self.most is None or middle <= self.most) and (self.least is None or middle >= self.least)

    def line(self) -> str:
        """For people."""
        value = f"{statistics.median(self.values):10.4g} {self.unit:8}"
        ratio = ""
        if self.floors:
            ratios = self.ratios
            ratio = f"floor {statistics.median(self.floors):8.4g}  x{statistics.median(ratios):.2f}"
            ratio += f" ({min(ratios):.2f}-{max(ratios):.2f})"
        elif len(self.values) > 1:
            ratio = f"({min(self.values):.4g}-{max(self.values):.4g})"
        verdict = {True: "met", False: "NOT MET", None: ""}[self.met]
        return f"{self.case:44} {value} {ratio:42} {self.goal:28} {verdict}".rstrip()

    def json(self) -> str:
        """For machines."""
        return json.dumps({**asdict(self), "ratios": self.ratios, "met": self.met})


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0-1) of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
