"""Settings of the notifier."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class NotifierSettings(BaseSettings):
    """Bounds of a stream and of the log it can be resumed from."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_NOTIFIER_", frozen=True, extra="ignore")

    waiting_limit: int = 1000
    streams_per_user: int = 20
    log_limit: int = 10_000
    auth_seconds: float = 10.0
    heartbeat_seconds: float = 15.0
