"""Settings of the gateway."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class GatewaySettings(BaseSettings):
    """The edge."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_GATEWAY_", frozen=True, extra="ignore")

    secure_cookies: bool = Field(False, description="set cookies for HTTPS only; turn on behind TLS")
    environment: str = Field("development", description="what /health calls this installation")
