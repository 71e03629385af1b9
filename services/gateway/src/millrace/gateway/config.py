"""Settings of the gateway."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class GatewaySettings(BaseSettings):
    """The edge."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_GATEWAY_", frozen=True, extra="ignore")

    secure_cookies: bool = Field(False, description="set cookies for HTTPS only; turn on behind TLS")
    rates: float = Field(
        1.0, ge=0, description="multiplies how many requests callers may send; 0 counts none, for tests of load"
    )
    environment: str = Field("development", description="what /health calls this installation")
