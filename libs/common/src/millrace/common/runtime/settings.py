"""Settings every process understands, from `MILLRACE_*` variables. Unknown drivers refuse to start."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, Json, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from millrace.common.kernel.instruments import EXCHANGES, Instrument
from millrace.common.kernel.symbols import parse_symbol

SERVICES = (
    *("auth", "marketdata", "bots", "execution", "risk", "portfolio"),
    *("backtest", "ml", "assistant", "notifier", "gateway"),
)


def _at(port: int) -> Any:
    return Field(default=f"http://127.0.0.1:{port}", description="where the others reach it in a process of its own")


class Settings(BaseSettings):
    """How this process runs. Defaults are the embedded platform on loopback with paper trading."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_", frozen=True, extra="ignore")

    bus: Literal["memory", "postgres", "kafka"] = Field(
        default="postgres",
        description="how services hear each other: a log in PostgreSQL, Apache Kafka, or memory for tests",
    )
    kafka: str = Field(default="", description="bootstrap servers, host:port[,host:port]")
    kafka_replicas: int = Field(default=1, description="copies of each topic's partitions, when topics are created")
    kafka_prefix: str = Field(default="", description="before every topic and group, to share a cluster")
    database_url: str = Field(default="", description="PostgreSQL; empty: the embedded server in the data folder")
    redis_url: str = Field(default="", description="Redis, for what several gateways share")
    data_dir: Path = Field(
        default=Path.home() / ".local" / "share" / "millrace",
        description="the embedded server's files, the keys, and who runs on them",
    )
    host: str = Field(default="127.0.0.1", description="the address to listen on")
    port: int = Field(
        default=8000, ge=0, le=65535, description="where the gateway, or the one service of this process, listens"
    )
    tls_certificate: Path | None = Field(
        default=None, description="PEM file: the public address speaks HTTPS with this certificate"
    )
    tls_key: Path | None = Field(default=None, description="PEM file: the certificate's private key")
    proxies: str = Field(
        default="127.0.0.1", description="addresses and networks, with commas, of proxies that may name the client"
    )
    ops_port: int = Field(default=0, ge=0, le=65535, description="health and metrics; 0: any free port")
    start_seconds: float = Field(default=60.0, ge=0, description="how long to wait for PostgreSQL and Kafka at start")
    instance: str = Field(default="0", description="this replica's name; stable over restarts")
    clock: Literal["system", "messages"] = Field(
        default="system", description="messages: the time of the newest message, for replays"
    )
    log_level: str = Field(default="info", description="debug, info, warning or error")
    master_key: SecretStr | None = Field(
        default=None, description="seals what is stored; none: made once and kept in the data folder"
    )
    internal_key: SecretStr | None = Field(
        default=None, description="signs calls between services, the same in all of them; none: as above"
    )
    approval_key: SecretStr | None = Field(
        default=None, description="signs risk's decisions; only risk and execution are given it; none: as above"
    )
    otlp_endpoint: str = Field(default="", description="where traces go, an OTLP/HTTP address; none: nowhere")
    instruments: Json[tuple[Instrument, ...]] = Field(
        default="[]",  # type: ignore[arg-type]  # read like a given one
        description="JSON list of pairs to trade besides the known ones, each with exchange, symbol, tick_size, "
        "step_size, min_notional; the same in every process",
    )
    rest_urls: str = Field(default="", description="ops addresses of the other processes, for lockstep replays")
    auth_url: str = _at(8001)
    marketdata_url: str = _at(8002)
    bots_url: str = _at(8003)
    execution_url: str = _at(8004)
    risk_url: str = _at(8005)
    portfolio_url: str = _at(8006)
    backtest_url: str = _at(8008)
    ml_url: str = _at(8009)
    assistant_url: str = _at(8010)
    notifier_url: str = _at(8007)
    gateway_url: str = _at(8000)

    @field_validator("database_url")
    @classmethod
    def _postgres_only(cls, value: str) -> str:
        if value and not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("must be a postgresql:// URL; no other database is supported")
        return value.replace("postgres://", "postgresql://", 1)

    @field_validator("instruments")
    @classmethod
    def _tradable(cls, value: tuple[Instrument, ...]) -> tuple[Instrument, ...]:
        for one in value:
            if one.exchange not in EXCHANGES:
                raise ValueError(f"{one.exchange!r} is not one of {', '.join(EXCHANGES)}")
            if one.symbol != str(parse_symbol(one.symbol)):
                raise ValueError(f"{one.symbol!r} is written {parse_symbol(one.symbol)}")
            if min(one.tick_size, one.step_size) <= 0 or one.min_notional < 0:
                raise ValueError(f"{one.symbol}: tick_size and step_size must be above zero, min_notional not below")
        return value

    def url_of(self, service: str) -> str:
        """Where another service's HTTP API is."""
        found: str = getattr(self, f"{service}_url")
        return found
