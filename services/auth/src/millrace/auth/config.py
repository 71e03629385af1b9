"""Settings of the auth service."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AuthSettings(BaseSettings):
    """Lifetimes in seconds; argon2 memory in KiB (the usual floor of 19 MiB)."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_AUTH_", frozen=True, extra="ignore")

    access_seconds: int = Field(1800, description="how long an access token is good")
    refresh_seconds: int = Field(7 * 24 * 3600, description="how long a session lives without a new sign-in")
    ticket_seconds: int = Field(600, description="how long a one-time sign-in link is good")
    argon2_memory: int = Field(19_456, description="KiB that hashing one password takes")
    argon2_time: int = Field(2, description="argon2's passes")
    hash_queue: int = Field(64, description="logins that may wait for hashing; more are told to come back")
    registration: bool = Field(True, description="whether anybody may register")
