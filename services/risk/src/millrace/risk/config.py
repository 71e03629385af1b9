"""Settings of the risk service."""

from decimal import Decimal

from pydantic_settings import BaseSettings, SettingsConfigDict


class RiskSettings(BaseSettings):
    """The system's own limits, in force for every user who has set none. Amounts are in quote currency."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_RISK_", frozen=True, extra="ignore")

    max_position_value: Decimal = Decimal(1_000_000)
    max_daily_loss: Decimal = Decimal(100_000)
    max_drawdown: Decimal = Decimal("0.5")
    max_open_orders: int = 200
    orders_per_second: float = 50.0
    orders_burst: float = 200.0
    price_collar: Decimal = Decimal("0.5")
    fee_buffer: Decimal = Decimal("0.002")
    slippage_buffer: Decimal = Decimal("0.01")
    approval_seconds: float = 30.0
