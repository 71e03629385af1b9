"""Settings of the portfolio service."""

from decimal import Decimal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class PortfolioSettings(BaseSettings):
    """How values are converted and how long their history is kept."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_PORTFOLIO_", frozen=True, extra="ignore")

    usdt_zar: Decimal = Field(
        Decimal("17.50"), gt=0, description="rand for one USDT where the markets that are heard give no rate"
    )
    minutes_days: int = Field(2, ge=1, description="days for which equity is kept by the minute, then by the hour")
    hours_days: int = Field(90, ge=2, description="days for which it is kept by the hour, then by the day")
    equity_days: int = Field(3650, ge=90, description="days after which equity is forgotten")
