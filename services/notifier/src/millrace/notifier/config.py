"""Settings of the notifier."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class NotifierSettings(BaseSettings):
    """Bounds of a stream and of the log it can be resumed from."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_NOTIFIER_", frozen=True, extra="ignore")

    waiting_limit: int = Field(
        1000, description="messages that wait for one client; more end its stream, and it resumes"
    )
    streams_per_user: int = Field(20, description="open streams of one user")
    markets_per_stream: int = Field(200, description="markets one stream may watch")
    log_limit: int = Field(10_000, description="entries of a user that are kept at most, the newest")
    log_seconds: float = Field(24 * 3600.0, description="how long an entry is kept at most")
    shorten_seconds: float = Field(60.0, description="how often logs are shortened")
    auth_seconds: float = Field(10.0, description="how long a WebSocket may stay without signing in")
    heartbeat_seconds: float = Field(15.0, description="how often a stream says that it lives")
    overview_seconds: float = Field(1.0, description="least time between two looks at a user's totals for its events")
    watch_seconds: float = Field(2.0, description="how often ended sessions and stuck clients are looked for")
    unread_seconds: float = Field(10.0, description="how long a client may take nothing before it is dropped")
    burst: float = Field(200.0, description="messages a client may send at once")
    rate: float = Field(50.0, description="messages a client may send a second, in the long run")
