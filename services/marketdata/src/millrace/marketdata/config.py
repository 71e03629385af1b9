"""Settings of the marketdata service."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class MarketdataSettings(BaseSettings):
    """Where the market comes from.

    `recorded` plays the market that comes with the platform, or `file`, as if it happened now: each recorded bar
    becomes one bar of `timeframe`, so one bar a second is played with timeframe 1s. `lockstep` publishes recorded bars
    with their own times, each only when the platform has come to rest.
    """

    model_config = SettingsConfigDict(env_prefix="MILLRACE_MARKETDATA_", frozen=True, extra="ignore")

    feed: Literal["recorded", "synthetic", "ccxt", "lockstep", "none"] = "recorded"
    exchange: str = "binance"
    symbols: str = "BTC/USDT,ETH/USDT"
    file: Path | None = None
    timeframe: str = "1s"
    bars_per_second: float = Field(1.0, gt=0, le=1000)
    bars: int = Field(0, ge=0, description="how many bars lockstep plays; 0: all")
    seed: int = 1
    history_bars: int = Field(11_520, ge=0)
