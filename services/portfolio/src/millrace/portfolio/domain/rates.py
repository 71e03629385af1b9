"""What one currency is worth in another, by the prices that the markets have shown."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from millrace.common.kernel.money import ZERO, divided, times

_LONGEST = 4
SETTING = "setting"


@dataclass(frozen=True, slots=True)
class Price:
    """One `base` costs `price` of `quote`, as `source` said (an exchange, or `SETTING`) at `at`."""

    source: str
    base: str
    quote: str
    price: Decimal
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """A factor, and the prices it was made from; `source` names them."""

    factor: Decimal
    steps: tuple[Price, ...] = ()

    @property
    def source(self) -> str:
        """Such as `binance BTC/USDT, luno BTC/ZAR`."""
        return ", ".join(f"{step.source} {step.base}/{step.quote}" for step in self.steps)

    @property
    def at(self) -> datetime | None:
        """When the oldest of its prices was seen."""
        return min((step.at for step in self.steps if step.at is not None), default=None)


class Rates:
    """Rates over any chain of pairs. The shortest chain of market prices wins, among equals the newest price.

    `fallback` prices are used only where the markets give no chain.
    """

    def __init__(self, prices: Iterable[Price], fallback: Iterable[Price] = ()) -> None:
        self._market: dict[str, dict[str, Price]] = {}
        newest = sorted(prices, key=lambda p: (p.at is not None, p.at, p.source), reverse=True)
        for price in newest:
            self._join(self._market, price)
        self._all = {currency: dict(pairs) for currency, pairs in self._market.items()}
        for price in fallback:
            self._join(self._all, price)
        self._known: dict[tuple[str, str], Rate | None] = {}

    def rate(self, source: str, target: str) -> Rate | None:
        """What one `source` is worth in `target`; None when no chain of prices leads there."""
        if source == target:
            return Rate(Decimal(1))
        key = (source, target)
        if key not in self._known:
            steps = _chain(self._market, source, target) or _chain(self._all, source, target)
            self._known[key] = Rate(_factor(source, steps), tuple(steps)) if steps else None
        return self._known[key]

    def worth(self, amount: Decimal, source: str, target: str) -> Decimal | None:
        """`amount` of `source` in `target`; None when there is no rate."""
        rate = self.rate(source, target)
        return None if rate is None else times(amount, rate.factor)

    def of(self, source: str, targets: Iterable[str]) -> dict[str, Decimal]:
        """What one `source` is worth in each other currency of `targets` to which there is a rate."""
        known = {target: self.rate(source, target) for target in targets if target != source}
        return {target: found.factor for target, found in known.items() if found is not None}

    @staticmethod
    def _join(graph: dict[str, dict[str, Price]], price: Price) -> None:
        if price.price > ZERO:
            graph.setdefault(price.base, {}).setdefault(price.quote, price)
            graph.setdefault(price.quote, {}).setdefault(price.base, price)


def _chain(graph: dict[str, dict[str, Price]], source: str, target: str) -> list[Price]:
    """Breadth first, so that the first chain found is a shortest one; neighbours in alphabetical order."""
    waiting: deque[tuple[str, list[Price]]] = deque([(source, [])])
    seen = {source}
    while waiting:
        currency, steps = waiting.popleft()
        for neighbour, price in sorted(graph.get(currency, {}).items()):
            if neighbour == target:
                return [*steps, price]
            if neighbour not in seen and len(steps) + 1 < _LONGEST:
                seen.add(neighbour)
                waiting.append((neighbour, [*steps, price]))
    return []


def _factor(source: str, steps: list[Price]) -> Decimal:
    factor, currency = Decimal(1), source
    for step in steps:
        forward = step.base == currency
        factor = times(factor, step.price) if forward else divided(factor, step.price)
        currency = step.quote if forward else step.base
    return factor
