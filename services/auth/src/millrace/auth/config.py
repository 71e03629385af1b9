"""Settings of the auth service."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class AuthSettings(BaseSettings):
    """Lifetimes in seconds; argon2 memory in KiB (the usual floor of 19 MiB)."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_AUTH_", frozen=True, extra="ignore")

    access_seconds: int = 1800
    refresh_seconds: int = 7 * 24 * 3600
    ticket_seconds: int = 600
    argon2_memory: int = 19_456
    argon2_time: int = 2
    hash_queue: int = 64
    registration: bool = True
