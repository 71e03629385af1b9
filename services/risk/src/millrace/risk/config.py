"""Settings of the risk service."""

from decimal import Decimal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RiskSettings(BaseSettings):
    """The system's own limits, in force for every user who has set none. Amounts are in quote currency."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_RISK_", frozen=True, extra="ignore")

    max_position_value: Decimal = Field(Decimal(1_000_000), description="value of one symbol's position in an account")
    max_daily_loss: Decimal = Field(Decimal(100_000), description="loss of an account since midnight UTC")
    max_drawdown: Decimal = Field(Decimal("0.5"), description="fall from the highest equity, as a fraction")
    max_open_orders: int = Field(200, description="orders of an account that are not at their end")
    orders_per_second: float = Field(50.0, description="orders of an account, in the long run")
    orders_burst: float = Field(200.0, description="orders of an account at once")
    price_collar: Decimal = Field(
        Decimal("0.5"), description="how far above the market a buy may be priced, and below it a sale, as a fraction"
    )
    fee_buffer: Decimal = Field(Decimal("0.002"), description="what a reservation adds for fees, as a fraction")
    slippage_buffer: Decimal = Field(Decimal("0.01"), description="what it adds to orders without a price of their own")
    approval_seconds: float = Field(30.0, description="how long an approval is good")
