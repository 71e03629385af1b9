"""Settings of the bots service."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class BotsSettings(BaseSettings):
    """What holds for every bot."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_BOTS_", frozen=True, extra="ignore")

    timeframe: str = Field("5m", description="what a bot runs on that names none")
