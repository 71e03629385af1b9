"""One backtest from stored candles to its report: what the process of its own does."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from millrace.backtest.domain import statistics
from millrace.backtest.domain.plan import Plan, Series
from millrace.backtest.domain.simulation import Outcome, Simulation
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import Instrument
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import plain

MOST_POINTS = 10_000


class Stored(NamedTuple):
    """The candles of one series as the market gave them: pages of JSON, oldest first."""

    instrument: Instrument
    timeframe: str
    past: Sequence[bytes]
    pages: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is kept of a run. The texts are JSON; `digest` is the SHA-256 of them all: equal input, equal digest."""

    final_capital: Decimal
    metrics: str
    equity_curve: str
    trades: str
    skips: str
    digest: str


def evaluate(report: Callable[[float, str], None], plan: Plan, stored: Sequence[Stored]) -> Evaluation:
    """Simulate and sum up. Raises INVALID_DATE_RANGE when there are no candles."""
    series = [Series(s.instrument, _candles(s, s.past), _candles(s, s.pages)) for s in stored]
    if not any(one.bars for one in series):
        raise MillraceError(Code.INVALID_DATE_RANGE, "there are no stored candles in this range")
    outcome = Simulation(plan, series).run(lambda progress: report(progress, ""))
    texts = (
        _json(statistics.metrics(outcome.points, outcome.trades)),
        _json(_curve(outcome)),
        _json([asdict(trade) for trade in outcome.trades]),
        _json(dict(outcome.skips.most_common())),
    )
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    return Evaluation(outcome.points[-1].equity, *texts, digest)


def _candles(stored: Stored, pages: Sequence[bytes]) -> list[Candle]:
    return [_candle(stored, row) for page in pages for row in orjson.loads(page)["items"]]


def _candle(stored: Stored, row: dict[str, str]) -> Candle:
    return Candle(
        stored.instrument.exchange,
        stored.instrument.symbol,
        stored.timeframe,
        datetime.fromisoformat(row["opened_at"]),
        open=Decimal(row["open"]),
        high=Decimal(row["high"]),
        low=Decimal(row["low"]),
        close=Decimal(row["close"]),
        volume=Decimal(row["volume"]),
    )


def _curve(outcome: Outcome) -> list[dict[str, Any]]:
    """Every point, or evenly chosen ones and the last where there are too many to be looked at."""
    falls = statistics.drawdowns(outcome.points)
    rows = [
        {"at": point.at, "equity": point.equity, "drawdown": fall}
        for point, fall in zip(outcome.points, falls, strict=True)
    ]
    every = -(-len(rows) // MOST_POINTS)
    return rows if every == 1 else [*rows[:-1:every], rows[-1]]


def _json(value: Any) -> str:
    return orjson.dumps(value, default=_text, option=orjson.OPT_UTC_Z).decode()


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    raise TypeError(f"a {type(value).__name__} does not belong into a report")
