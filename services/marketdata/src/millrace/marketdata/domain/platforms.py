"""The exchanges the platform knows: what each is called, needs and charges, and its best known markets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import BOT_LIMIT, INSTRUMENTS, Instrument


@dataclass(frozen=True, slots=True)
class Platform:
    """One exchange. Fees are fractions of the notional for the lowest spot tier.

    `region` is where it is at home, a country's code or GLOBAL; `icon` is one character and `color` a hexadecimal one,
    to show it by; `bot_limit` is how many bots one user may have there. `timeframes` are those it gives candles
    of, `credentials` the names of what a user gives to connect an account.
    """

    id: str
    display_name: str
    region: str
    icon: str
    color: str
    maker_fee: Decimal
    taker_fee: Decimal
    timeframes: tuple[str, ...]
    credentials: tuple[str, ...] = ("api_key", "api_secret")
    bot_limit: int = BOT_LIMIT

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Its markets that paper accounts trade."""
        return tuple(known for known in INSTRUMENTS.values() if known.exchange == self.id)

    @property
    def description(self) -> str:
        """What it is, in a sentence."""
        pairs = ", ".join(instrument.symbol for instrument in self.instruments)
        return f"{self.display_name} cryptocurrency exchange: {pairs}"

    @property
    def supports_paper(self) -> bool:
        """Whether a paper account can trade its markets."""
        return bool(self.instruments)


_COMMON = ("1m", "5m", "15m", "30m", "1h", "4h", "1d")


def _platform(
    id: str, name: str, shown: tuple[str, str, str], maker: str, taker: str, more: tuple[str, ...] = ()
) -> Platform:
    return Platform(id, name, *shown, Decimal(maker), Decimal(taker), (*_COMMON, *more))


_ALL = (
    _platform(
        "luno",
        "Luno",
        ("ZA", "\N{REGIONAL INDICATOR SYMBOL LETTER Z}\N{REGIONAL INDICATOR SYMBOL LETTER A}", "#3861FB"),
        "0",
        "0.001",
        ("3d", "1w"),
    ),
    _platform(
        "binance",
        "Binance",
        ("GLOBAL", "\N{LARGE YELLOW CIRCLE}", "#F0B90B"),
        "0.001",
        "0.001",
        ("1s", "6h", "12h", "3d", "1w"),
    ),
    replace(
        _platform(
            "kucoin", "KuCoin", ("GLOBAL", "\N{LARGE GREEN CIRCLE}", "#24AE8F"), "0.001", "0.001", ("6h", "12h", "1w")
        ),
        credentials=("api_key", "api_secret", "passphrase"),
    ),
    _platform("kraken", "Kraken", ("US", "\N{LARGE PURPLE CIRCLE}", "#5741D9"), "0.0025", "0.004", ("1w",)),
    _platform(
        "bybit", "Bybit", ("GLOBAL", "\N{LARGE ORANGE CIRCLE}", "#F7A600"), "0.001", "0.001", ("6h", "12h", "1w")
    ),
)
PLATFORMS: Mapping[str, Platform] = {platform.id: platform for platform in _ALL}


def platform(name: str) -> Platform:
    """The exchange of that name, in any case. Raises INVALID_SYMBOL, of the field `exchange`: it has no symbols."""
    found = PLATFORMS.get(name.strip().lower())
    if found is None:
        reason = f"is not a known exchange; known are {', '.join(PLATFORMS)}"
        raise MillraceError(Code.INVALID_SYMBOL, f"{name.strip()[:40]!r} {reason}", fields={"exchange": reason})
    return found
