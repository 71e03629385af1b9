"""Settings of the backtest service."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class BacktestSettings(BaseSettings):
    """How much of the machine backtests may take."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_BACKTEST_", frozen=True, extra="ignore")

    under_way: int = Field(5, ge=1, description="backtests of one user that may wait or run at a time")
    candles: int = Field(200_000, ge=1, description="candles that one backtest may look at")
