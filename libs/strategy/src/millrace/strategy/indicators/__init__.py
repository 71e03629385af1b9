"""Incremental indicators: one value in, one out, in constant time and memory.

Plain floats in a fixed order of operations (no built-in `sum`, whose rounding differs between Python versions), so
that a compiled form of the same steps gives the same bits. Each `update` returns None until there is enough history.
Definitions and first values are TA-Lib's; where an indicator differs, its docstring says so.
"""

from millrace.strategy.indicators.averages import EMA, SMA
from millrace.strategy.indicators.dispersion import Bands, BollingerBands, RollingStd
from millrace.strategy.indicators.macd import MACD, Convergence
from millrace.strategy.indicators.ranges import ATR, Highest, Lowest
from millrace.strategy.indicators.strength import RSI, RateOfChange

__all__ = [
    "ATR",
    "EMA",
    "MACD",
    "RSI",
    "SMA",
    "Bands",
    "BollingerBands",
    "Convergence",
    "Highest",
    "Lowest",
    "RateOfChange",
    "RollingStd",
]
