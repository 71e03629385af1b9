"""Settings of the marketdata service."""

from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from millrace.common.kernel import timeframes
from millrace.common.kernel.symbols import parse_symbol


class MarketdataSettings(BaseSettings):
    """Where the market comes from.

    `recorded` plays the market that comes with the platform, or `file`, as if it happened now: each recorded bar
    becomes one bar of `timeframe`, so one bar a second is played with timeframe 1s. `synthetic` plays a made-up one.
    `ccxt` asks a real exchange's public API; it was tried against local servers and is not verified live.
    `lockstep` publishes recorded bars with their own times, each only when the platform has come to rest.
    """

    model_config = SettingsConfigDict(env_prefix="MILLRACE_MARKETDATA_", frozen=True, extra="ignore")

    feed: Literal["recorded", "synthetic", "ccxt", "lockstep", "none"] = Field(
        "recorded", description="where the market comes from; none: nothing happens"
    )
    exchange: str = Field("binance", description="one of binance, luno, kucoin, kraken, bybit")
    symbols: str = Field("", description="comma-separated; empty: all that the recording has, else the best known")
    tape: Literal["bars", "ticks", "trades", "book"] = Field(
        "bars", description="recorded: bars, the ticks that make them, or six minutes of real trades, or with the book"
    )
    file: str = Field("", description="CSV or Parquet instead of what comes along; one for each symbol, by commas")
    timeframe: str = Field("", description="of the smallest candles; empty: 1s, with ccxt 1m")
    bars_per_second: float | None = Field(
        None, gt=0, le=1000, description="recorded, synthetic: pace; above 1 the market's time runs ahead of the clock"
    )
    bars: int = Field(0, ge=0, description="how many bars lockstep plays; 0: all")
    seed: int = Field(1, description="of the synthetic market")
    history_bars: int | None = Field(None, ge=0, le=100_000, description="to have before now; 11,520, with ccxt 1,000")
    past_days: int = Field(
        1095,
        ge=0,
        le=3650,
        description="recorded, synthetic: days before the stored candles that are computed; 0: none",
    )
    usdt_zar: Decimal = Field(
        Decimal("17.50"), gt=0, description="recorded, synthetic: rand for one USDT, which luno's prices are made with"
    )
    book_depth: int = Field(20, ge=0, le=100, description="levels of each side that are published; 0: no books")
    poll_seconds: float = Field(2.0, gt=0, le=60, description="ccxt: between two questions")
    exchange_url: str = Field("", description="ccxt: another address for the exchange's API, for tests")

    @field_validator("timeframe")
    @classmethod
    def _known_timeframe(cls, value: str) -> str:
        if value and value not in timeframes.SECONDS:
            raise ValueError(f"must be one of {', '.join(timeframes.SECONDS)}")
        return value

    @property
    def names(self) -> list[str]:
        """The symbols that were asked for, each once. Raises INVALID_SYMBOL."""
        return list(dict.fromkeys(str(parse_symbol(name)) for name in self.symbols.split(",") if name.strip()))

    @property
    def files(self) -> list[Path]:
        """The files that were given. Of a single market the whole text is one path, commas and all."""
        if not self.file:
            return []
        return [Path(self.file)] if len(self.names) == 1 else [Path(name.strip()) for name in self.file.split(",")]

    @property
    def smallest(self) -> str:
        """The timeframe of the smallest candles. A pace below one bar a second is met by longer bars where it can."""
        if self.timeframe:
            return self.timeframe
        if self.feed == "ccxt":
            return "1m"
        seconds = 1 / (self.bars_per_second or 1)
        return next((name for name, length in timeframes.SECONDS.items() if abs(length - seconds) < 1e-6), "1s")

    @property
    def speed(self) -> float:
        """Market seconds per real second."""
        if self.bars_per_second is None:
            return 1.0
        speed = self.bars_per_second * timeframes.SECONDS[self.smallest]
        return 1.0 if abs(speed - 1) < 1e-6 else speed

    @property
    def history(self) -> int:
        """How many candles of each market should be there before now."""
        if self.history_bars is not None:
            return self.history_bars
        return 1_000 if self.feed == "ccxt" else 11_520
