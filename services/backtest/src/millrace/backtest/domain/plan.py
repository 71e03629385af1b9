"""What is to be simulated, and the market it is simulated on. Both can be handed to another process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from millrace.backtest.domain.costs import Costs
from millrace.common.kernel.instruments import Instrument
from millrace.common.kernel.market import Candle
from millrace.strategy.sizing_rule import SizingRule


@dataclass(frozen=True, slots=True)
class Plan:
    """`strategy` by name with all its parameters; `capital` in quote currency.

    `intrabar`: the strategy's stop and target rest at the exchange, and are not only looked at on closes.
    """

    strategy: str
    parameters: Mapping[str, Any]
    capital: Decimal
    sizing: SizingRule
    costs: Costs
    intrabar: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """The candles of one pair in one timeframe, oldest first. `past` warms the strategy up and is not traded."""

    instrument: Instrument
    past: Sequence[Candle]
    bars: Sequence[Candle]
