"""Settings every process understands, from `MILLRACE_*` variables. Unknown drivers refuse to start."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SERVICES = ("auth", "marketdata", "bots", "execution", "risk", "portfolio", "notifier", "gateway")


class Settings(BaseSettings):
    """How this process runs. Defaults are the embedded platform on loopback with paper trading."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_", frozen=True, extra="ignore")

    bus: Literal["memory", "postgres", "kafka"] = "postgres"
    kafka: str = Field(default="", description="bootstrap servers, host:port[,host:port]")
    kafka_replicas: int = 1
    kafka_prefix: str = Field(default="", description="before every topic and group, to share a cluster")
    database_url: str = Field(default="", description="PostgreSQL; empty: the embedded server in the data folder")
    redis_url: str = ""
    data_dir: Path = Path.home() / ".local" / "share" / "millrace"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    ops_port: int = Field(default=0, ge=0, le=65535, description="health and metrics; 0: any free port")
    start_seconds: float = Field(default=60.0, ge=0, description="how long to wait for PostgreSQL and Kafka at start")
    instance: str = Field(default="0", description="this replica's name; stable over restarts")
    clock: Literal["system", "messages"] = "system"
    log_level: str = "info"
    master_key: SecretStr | None = None
    internal_key: SecretStr | None = None
    otlp_endpoint: str = ""
    rest_urls: str = Field(default="", description="ops addresses of the other processes, for lockstep replays")
    auth_url: str = "http://127.0.0.1:8001"
    marketdata_url: str = "http://127.0.0.1:8002"
    bots_url: str = "http://127.0.0.1:8003"
    execution_url: str = "http://127.0.0.1:8004"
    risk_url: str = "http://127.0.0.1:8005"
    portfolio_url: str = "http://127.0.0.1:8006"
    notifier_url: str = "http://127.0.0.1:8007"
    gateway_url: str = "http://127.0.0.1:8000"

    @field_validator("database_url")
    @classmethod
    def _postgres_only(cls, value: str) -> str:
        if value and not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("must be a postgresql:// URL; no other database is supported")
        return value.replace("postgres://", "postgresql://", 1)

    def url_of(self, service: str) -> str:
        """Where another service's HTTP API is."""
        found: str = getattr(self, f"{service}_url")
        return found
