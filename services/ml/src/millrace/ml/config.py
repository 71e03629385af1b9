"""Settings of the ml service."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class MlSettings(BaseSettings):
    """What the system's own models are of, and how long things are kept."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_ML_", frozen=True, extra="ignore")

    exchange: str = Field("binance", description="whose candles the system's models learn from")
    symbols: str = Field("BTC/USDT,ETH/USDT", description="comma-separated: one model for each; empty: none")
    timeframe: str = Field("1h", description="of the candles the system's models learn from")
    epochs: int = Field(30, ge=1, le=1000, description="passes over the past in which the system's models learn")
    turn_seconds: float = Field(
        60.0, gt=0, description="between two looks for models that may learn or predict; the first comes as late"
    )
    predictions_days: int = Field(365, ge=1, description="days after which predictions are forgotten")
    training_minutes: float = Field(60.0, gt=0, description="a training that would likely take longer is refused")
