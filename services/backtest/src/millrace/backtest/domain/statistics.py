"""How well the capital has done. Fractions are of one, a drawdown is 0 or more, amounts are in quote currency.

What cannot be said is None: a ratio without two days, or whose divisor is zero. Crypto markets never close, so a year
has 365 trading days, and the riskless rate is taken as zero.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal, localcontext
from itertools import pairwise

from millrace.backtest.domain.holding import Trade
from millrace.backtest.domain.simulation import Point
from millrace.common.kernel.money import ZERO

Metrics = dict[str, Decimal | int | None]

_ALL_LOST = Decimal(-1)
_SECONDS_A_YEAR = 365 * 86_400
_MOMENT = timedelta(microseconds=1)
_PLACES = Decimal("1e-10")


def drawdowns(points: Sequence[Point]) -> list[Decimal]:
    """For each point the fall from the highest one before it."""
    found, peak = [], ZERO
    for point in points:
        peak = max(peak, point.equity)
        found.append(_rounded((peak - point.equity) / peak) if peak > 0 else ZERO)
    return found


def daily_returns(points: Sequence[Point]) -> list[Decimal]:
    """The return of each UTC day that has a point, from close to close, the first one from the beginning.

    Midnight ends the day before it.
    """
    closes = {(point.at - _MOMENT).date(): point.equity for point in points[1:]}
    worth = [points[0].equity, *closes.values()]
    return [after / before - 1 if before > 0 else ZERO for before, after in pairwise(worth)]


def metrics(points: Sequence[Point], trades: Sequence[Trade]) -> Metrics:
    """All figures of one run."""
    with localcontext(prec=60):
        first, last = points[0], points[-1]
        total = (last.equity - first.equity) / first.equity
        elapsed = (last.at - first.at) // timedelta(seconds=1)
        annual = max(total * _SECONDS_A_YEAR / elapsed, _ALL_LOST) if elapsed else ZERO
        deepest = max(drawdowns(points))
        ratios: Metrics = {
            "total_return": _rounded(total),
            "profit": last.equity - first.equity,
            "annual_return": _rounded(annual),
            "max_drawdown": deepest,
            "calmar_ratio": _rounded(annual / deepest) if deepest else None,
        }
        return {**ratios, **_risk(daily_returns(points)), **_tally([trade.pnl for trade in trades])}


def _risk(returns: Sequence[Decimal]) -> Metrics:
    if len(returns) < 2:
        return dict.fromkeys(("volatility", "sharpe_ratio", "sortino_ratio"))
    root, mean = Decimal(365).sqrt(), sum(returns, ZERO) / len(returns)
    deviation = (sum(((r - mean) ** 2 for r in returns), ZERO) / (len(returns) - 1)).sqrt()
    downside = (sum((min(r, ZERO) ** 2 for r in returns), ZERO) / len(returns)).sqrt()
    return {
        "volatility": _rounded(deviation * root),
        "sharpe_ratio": _rounded(mean / deviation * root) if deviation else None,
        "sortino_ratio": _rounded(mean / downside * root) if downside else None,
    }


def _tally(results: Sequence[Decimal]) -> Metrics:
    """Count results after commissions; losses are negative, and zero is neither."""
    wins, losses = [r for r in results if r > 0], [r for r in results if r < 0]
    won, lost = sum(wins, ZERO), sum(losses, ZERO)
    return {
        "win_rate": _rounded(Decimal(len(wins)) / len(results)) if results else None,
        "profit_factor": _rounded(won / -lost) if losses else None,
        "total_trades": len(results),
        "winning_trades": len(wins),
        "losing_trades": len(losses),
        "avg_trade_return": _rounded((won + lost) / len(results)) if results else None,
        "avg_win": _rounded(won / len(wins)) if wins else None,
        "avg_loss": _rounded(lost / len(losses)) if losses else None,
        "largest_win": max(wins, default=None),
        "largest_loss": min(losses, default=None),
    }


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_PLACES)
