"""What a forecast is in exact numbers."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from math import exp
from typing import NamedTuple
from uuid import UUID

from millrace.common.kernel import timeframes
from millrace.common.kernel.ids import derive_id
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import times
from millrace.ml.domain.recipe import Forecast

_PLACES = Decimal("1e-8")
_SCORE = Decimal("0.000001")


class Foretold(NamedTuple):
    """A prediction to be stored: the close at `at` is `predicted`, seen from a close of `base`."""

    id: UUID
    base: Decimal
    predicted: Decimal
    confidence: Decimal
    actual: Decimal | None
    at: datetime


def foretold(model_id: UUID, candles: Sequence[Candle], forecast: Forecast) -> Foretold:
    """The prediction that a forecast over these candles means, with what came of it where that is known."""
    base = candles[forecast.index]
    at = base.closed_at + timeframes.length(base.timeframe)
    predicted = times(base.close, Decimal(repr(exp(forecast.log_return)))).quantize(_PLACES)
    came = next((c.close for c in candles[forecast.index + 1 : forecast.index + 2] if c.closed_at == at), None)
    said_id = derive_id(at, "prediction", model_id)
    return Foretold(said_id, base.close, predicted, fraction(forecast.confidence), came, at)


def fraction(value: float) -> Decimal:
    """A share, to six places."""
    return Decimal(repr(value)).quantize(_SCORE)
