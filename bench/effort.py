"""How much to measure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """`rounds` of each figure; `quick` only shows that a case works; `minutes` of the paced run for memory."""

    rounds: int = 3
    quick: bool = False
    minutes: float = 2.0

    def some(self, count: int) -> int:
        """`count`, or a twentieth of it."""
        return max(2, count // 20) if self.quick else count

    def seconds(self, length: float) -> float:
        """A length of time, or a short one."""
        return min(length, 1.0) if self.quick else length
