"""Settings of the execution service."""

from decimal import Decimal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ExecutionSettings(BaseSettings):
    """Paper accounts, the lease of the process that leads, and deadlines."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_EXECUTION_", frozen=True, extra="ignore")

    paper_exchange: str = Field("binance", description="whose symbols and filters a paper account has")
    paper_currency: str = Field("USDT", description="what a paper account starts with")
    paper_balance: Decimal = Field(Decimal(10_000), description="how much of it")
    slippage_ticks: int = Field(0, description="price steps against the taker on a market known by bars only")
    lease_seconds: float = Field(6.0, description="how long a silent leader is waited for")
    send_deadline_seconds: float = Field(
        30.0, description="after its approval, how long an interrupted order may still be sent"
    )
    decision_wait_seconds: float = Field(1.0, description="how long a REST order waits for risk's answer")
    exit_patience_seconds: float = Field(
        5.0, description="how long an exit waits for risk before it goes under its standing approval"
    )
    resolve_seconds: float = Field(2.0, description="how often what was interrupted is looked for")
