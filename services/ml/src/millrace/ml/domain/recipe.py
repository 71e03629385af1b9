"""How a model is to be learned. Nothing here needs numpy, so that asking costs no memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from millrace.common.kernel import timeframes
from millrace.common.kernel.market import Candle

MODEL_TYPE = "lstm"
PREDICTION_TYPE = "price_direction"
FEATURES = ("log_return_1", "log_return_6", "volatility_24", "rsi_14", "volume_ratio_24", "close_to_mean_24")
LOOKBACK = 24
"""How many bars before its own a feature may look at."""
WINDOW = 24
"""How many bars' features the network sees in a row."""
HISTORY = LOOKBACK + WINDOW
"""How many closed bars one forecast needs."""
LEAST_BARS = 240
"""Fewer are not worth learning from."""
MOST_BARS = 20_000
LEAST_SAMPLES = 20
"""Fewer in a part make its score a matter of luck."""

# measured on one core of 2026, and half as much again, as it is shared
_PER_UNIT, _PER_PAIR, _PER_BATCH = 2.1e-6, 1.5e-8, 2.6e-3
_START_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """Numbers of one training. `split` is the fraction of samples held out; its first half chooses the epoch."""

    split: float = 0.2
    learning_rate: float = 0.001
    batch_size: int = 32
    epochs: int = 50
    units: int = 32
    seed: int = 0

    def estimated_seconds(self, bars: int) -> float:
        """About how long so many bars take."""
        per_sample = _PER_UNIT * self.units + _PER_PAIR * self.units**2 + _PER_BATCH / self.batch_size
        return _START_SECONDS + bars * self.epochs * per_sample


def parts(samples: int, split: float) -> tuple[int, int, int]:
    """How many samples are learned from, validate and test, in order of time."""
    held = round(samples * split)
    return samples - held, held // 2, held - held // 2


@dataclass(frozen=True, slots=True)
class Bars:
    """Closed bars in columns, oldest first: opening times in seconds since the epoch, closes, volumes."""

    step: int
    opened_at: tuple[int, ...]
    close: tuple[float, ...]
    volume: tuple[float, ...]

    @classmethod
    def of(cls, candles: Sequence[Candle], timeframe: str) -> Self:
        """Candles of one series; a feature may be a float, what is paid never is."""
        return cls(
            timeframes.SECONDS[timeframe],
            tuple(int(candle.opened_at.timestamp()) for candle in candles),
            tuple(float(candle.close) for candle in candles),
            tuple(float(candle.volume) for candle in candles),
        )


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is said at the close of bar `index` of the bars given: the log return of the next bar.

    `confidence` is the probability, from 0.5 to 1, that its sign is right.
    """

    index: int
    log_return: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Learned:
    """A model and how it did. Scores are the share of right directions; `forecasts` are those of the test part.

    The last forecast is of the bar that has not closed yet, unless bars are missing just before it.
    """

    parameters: bytes
    validation_score: float
    test_score: float
    samples: tuple[int, int, int]
    best_epoch: int
    forecasts: tuple[Forecast, ...]
