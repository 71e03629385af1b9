"""Settings of the execution service."""

from decimal import Decimal

from pydantic_settings import BaseSettings, SettingsConfigDict


class ExecutionSettings(BaseSettings):
    """Paper accounts, the lease of the process that leads, and deadlines.

    `send_deadline_seconds`: how long after its approval an order may still be sent when that was interrupted.
    """

    model_config = SettingsConfigDict(env_prefix="MILLRACE_EXECUTION_", frozen=True, extra="ignore")

    paper_exchange: str = "binance"
    paper_currency: str = "USDT"
    paper_balance: Decimal = Decimal(10_000)
    slippage_ticks: int = 0
    lease_seconds: float = 6.0
    send_deadline_seconds: float = 30.0
    decision_wait_seconds: float = 1.0
    resolve_seconds: float = 2.0
