"""Settings of the notifier."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class NotifierSettings(BaseSettings):
    """Bounds of a stream and of the log it can be resumed from. Limits count entries, streams, markets or messages.

    A client may send `burst` messages at once and `rate` a second; one that takes nothing for `unread_seconds` is
    dropped; every `watch_seconds` ended sessions are looked for.
    """

    model_config = SettingsConfigDict(env_prefix="MILLRACE_NOTIFIER_", frozen=True, extra="ignore")

    waiting_limit: int = 1000
    streams_per_user: int = 20
    markets_per_stream: int = 200
    log_limit: int = 10_000
    log_seconds: float = 24 * 3600.0
    shorten_seconds: float = 60.0
    auth_seconds: float = 10.0
    heartbeat_seconds: float = 15.0
    watch_seconds: float = 2.0
    unread_seconds: float = 10.0
    burst: float = 200.0
    rate: float = 50.0
