"""Settings of the gateway."""

from typing import Literal

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from millrace.contracts.names import Contract


class GatewaySettings(BaseSettings):
    """The edge."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_GATEWAY_", frozen=True, extra="ignore")

    secure_cookies: bool = Field(False, description="set cookies for HTTPS only; turn on behind TLS")
    rates: float = Field(
        1.0, ge=0, description="multiplies how many requests callers may send; 0 counts none, for tests of load"
    )
    environment: str = Field("development", description="what /health calls this installation")
    origin_rule: Literal["on", "off"] = Field(
        "on",
        validation_alias=AliasChoices("ORIGIN_RULE", "MILLRACE_GATEWAY_ORIGIN_RULE"),
        description="whether things are told in the words of the contract they were made through; off: never",
    )
    contract_ports: dict[int, Contract] = Field(
        default_factory=dict, description='ports that speak one contract, as JSON: {"8004": "crypto"}'
    )
