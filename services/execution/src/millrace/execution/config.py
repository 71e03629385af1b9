"""Settings of the execution service."""

from decimal import Decimal

from pydantic import Field, Json
from pydantic_settings import BaseSettings, SettingsConfigDict


class ExecutionSettings(BaseSettings):
    """Paper accounts, the lease of the process that leads, and deadlines."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_EXECUTION_", frozen=True, extra="ignore")

    paper_exchange: str = Field("binance", description="whose symbols and filters a paper account has")
    paper_currency: str = Field("USDT", description="what a paper account starts with")
    paper_balance: Decimal = Field(Decimal(10_000), description="how much of it")
    second_exchange: str = Field("luno", description="where a new user's second paper account is, as luno; empty: none")
    second_currency: str = Field("ZAR", description="what the second paper account starts with")
    second_balance: Decimal = Field(Decimal(200_000), description="how much of it")
    exchange_urls: Json[dict[str, str]] = Field(
        default="{}",  # type: ignore[arg-type]  # read like a given one
        description="JSON object of other addresses for exchanges' APIs, to test keys through a proxy or a venue of "
        "one's own",
    )
    max_accounts: int = Field(100, ge=1, description="how many exchange accounts a user may have")
    terminate_seconds: float = Field(
        60.0, description="how long a termination waits for cancelled orders to end, and for a price, before it goes on"
    )
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
