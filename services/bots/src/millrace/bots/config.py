"""Settings of the bots service."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class BotsSettings(BaseSettings):
    """`timeframe`: what a bot runs on that names none."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_BOTS_", frozen=True, extra="ignore")

    timeframe: str = "5m"
