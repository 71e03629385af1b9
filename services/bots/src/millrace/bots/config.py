"""Settings of the bots service."""

from decimal import Decimal
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class BotsSettings(BaseSettings):
    """What holds for every bot."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_BOTS_", frozen=True, extra="ignore")

    timeframe: str = Field("5m", description="what a bot runs on that names none")
    alert_fresh_seconds: float = Field(
        300, gt=0, description="an alert from outside that says it was sent longer ago, or later than that, is refused"
    )
    alert_repeat_seconds: float = Field(
        60, ge=0, description="for so long the same alert without an id and a time of its own is taken as the same one"
    )
    autopilot_strategy: Literal["mean_reversion", "momentum", "trend"] = Field(
        "trend", description="the built-in strategy that runs for a user on autopilot"
    )
    autopilot_timeframe: str = Field("1h", description="the bars it runs on")
    autopilot_position: Decimal = Field(
        Decimal("0.1"), gt=0, le=1, description="the share of the account's equity it may have in one position"
    )
    autopilot_drawdown: Decimal = Field(
        Decimal("0.1"), gt=0, le=1, description="the fall from its best, as a fraction, at which it enters no more"
    )
