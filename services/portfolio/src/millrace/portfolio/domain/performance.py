"""How an amount of money has done: returns, risk and drawdown of a balance over time.

Fractions are 0.05 for 5 %; a drawdown is 0 or more. What cannot be said is None: a ratio without two days, or whose
divisor is zero. Crypto markets never close, so a year has 365 trading days, and the riskless rate is taken as zero.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Literal

from millrace.common.kernel.money import ZERO, divided, scaled
from millrace.portfolio.domain.equity import day_of

Interval = Literal["day", "week", "month"]
DAYS_IN_A_YEAR = 365
_PLACES = Decimal("1e-10")


@dataclass(frozen=True, slots=True)
class Point:
    """A balance at an instant, and what its owner has put in (or taken out) since the point before."""

    at: datetime
    balance: Decimal
    flow: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Span:
    """What happened from `start` to `end`, both included: `gained` without `flow`, and as a fraction."""

    start: date
    end: date
    opening: Decimal
    balance: Decimal
    flow: Decimal
    gained: Decimal
    fraction: Decimal


def step(before: Point, after: Point) -> Decimal:
    """The return between two points, with flows counted at its beginning; 0 where there was nothing to gain on.

    Time-weighted, so that paying in is no profit: CFA Institute, Global Investment Performance Standards, 2020.
    """
    base = before.balance + after.flow
    return divided(after.balance - base, base) if base > 0 else ZERO


def linked(fractions: Sequence[Decimal]) -> Decimal:
    """Returns one after the other, as one."""
    with localcontext(prec=60):
        product = Decimal(1)
        for fraction in fractions:
            product *= 1 + fraction
        return scaled(product - 1)


def days(points: Sequence[Point]) -> list[Span]:
    """One span for each UTC day from that of the first step to that of the last; a day without one changed nothing."""
    found: list[Span] = []
    if len(points) < 2:
        return found
    steps: dict[date, list[tuple[Point, Point]]] = {}
    for before, after in pairwise(points):
        steps.setdefault(day_of(after.at), []).append((before, after))
    balance, day, last = points[0].balance, min(steps), max(steps)
    while day <= last:
        inside = steps.get(day, [])
        closing = inside[-1][1].balance if inside else balance
        flow = sum((after.flow for _, after in inside), ZERO)
        fraction = linked([step(before, after) for before, after in inside])
        found.append(Span(day, day, balance, closing, flow, closing - balance - flow, fraction))
        balance, day = closing, day + timedelta(days=1)
    return found


def grouped(spans: Sequence[Span], interval: Interval) -> list[Span]:
    """Days joined to weeks (from Monday) or calendar months."""
    groups: dict[date, list[Span]] = {}
    for span in spans:
        groups.setdefault(beginning(span.start, interval), []).append(span)
    return [
        Span(
            start=inside[0].start,
            end=inside[-1].end,
            opening=inside[0].opening,
            balance=inside[-1].balance,
            flow=sum((s.flow for s in inside), ZERO),
            gained=sum((s.gained for s in inside), ZERO),
            fraction=linked([s.fraction for s in inside]),
        )
        for inside in groups.values()
    ]


def beginning(day: date, interval: Interval) -> date:
    """The first day of the interval that holds `day`."""
    if interval == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if interval == "month" else day


def max_drawdown(points: Sequence[Point]) -> Decimal:
    """The deepest fall from a peak before it, of one unit that was never paid into.

    M. Magdon-Ismail and A. Atiya, Maximum drawdown, Risk 17(10), 2004.
    """
    with localcontext(prec=60):
        worth = peak = Decimal(1)
        deepest = ZERO
        for before, after in pairwise(points):
            worth *= 1 + step(before, after)
            peak = max(peak, worth)
            deepest = max(deepest, (peak - worth) / peak if peak > 0 else ZERO)
        return scaled(deepest)


def volatility(fractions: Sequence[Decimal]) -> Decimal | None:
    """The sample deviation of daily returns, by the year; None below two days."""
    deviation = _deviation(fractions)
    return None if deviation is None else _yearly(deviation)


def sharpe(fractions: Sequence[Decimal]) -> Decimal | None:
    """Mean by deviation of daily returns, by the year; None below two days or when all are equal.

    W. F. Sharpe, The Sharpe ratio, Journal of Portfolio Management 21(1), 1994.
    """
    deviation = _deviation(fractions)
    return _yearly(_mean(fractions) / deviation) if deviation else None


def sortino(fractions: Sequence[Decimal]) -> Decimal | None:
    """Mean by downside deviation (losses only, over all days), by the year; None below two days or without a loss.

    F. A. Sortino and L. N. Price, Performance measurement in a downside risk framework, J. of Investing 3(3), 1994.
    """
    if len(fractions) < 2:
        return None
    with localcontext(prec=60):
        downside = (sum((min(f, ZERO) ** 2 for f in fractions), ZERO) / len(fractions)).sqrt()
        return _yearly(_mean(fractions) / downside) if downside else None


def _mean(fractions: Sequence[Decimal]) -> Decimal:
    with localcontext(prec=60):
        return sum(fractions, ZERO) / len(fractions)


def _deviation(fractions: Sequence[Decimal]) -> Decimal | None:
    if len(fractions) < 2:
        return None
    with localcontext(prec=60):
        mean = _mean(fractions)
        return (sum(((f - mean) ** 2 for f in fractions), ZERO) / (len(fractions) - 1)).sqrt()


def _yearly(daily: Decimal) -> Decimal:
    with localcontext(prec=60):
        return (daily * Decimal(DAYS_IN_A_YEAR).sqrt()).quantize(_PLACES)


def accumulated(start: Point, gains: Sequence[tuple[datetime, Decimal]]) -> Iterator[Point]:
    """The balance that follows from a first one and what was gained when."""
    balance = start.balance
    yield start
    for at, gain in gains:
        balance += gain
        yield Point(at, balance)
