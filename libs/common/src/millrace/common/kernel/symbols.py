"""Trading pairs: one canonical form inside (`BTC/USDT`); every outside spelling is read and can be given back."""

import re
from dataclasses import dataclass

from millrace.common.kernel.errors import Code, MillraceError

QUOTES = ("USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USD", "EUR", "GBP", "ZAR", "BTC", "ETH", "BNB")
_ALIASES = {"XBT": "BTC"}
_CURRENCY = re.compile(r"[A-Z0-9]{1,15}")
_SEPARATORS = re.compile(r"[/_-]")


@dataclass(frozen=True, slots=True, order=True)
class Symbol:
    """A base currency priced in a quote currency."""

    base: str
    quote: str

    def __str__(self) -> str:
        return f"{self.base}/{self.quote}"

    @property
    def joined(self) -> str:
        """`BTCUSDT`, the spelling of most exchanges."""
        return self.base + self.quote


def parse_symbol(text: str) -> Symbol:
    """Read `BTCUSDT`, `BTC/USDT`, `BTC-USDT`, `BTC_USDT` or `btc/usdt`; `XBT` is `BTC`.

    Raises INVALID_SYMBOL when the text is no pair.
    """
    upper = text.strip().upper()
    parts = _SEPARATORS.split(upper)
    if len(parts) == 1:
        quote = next((q for q in QUOTES if upper.endswith(q) and len(upper) > len(q)), None)
        parts = [upper[: -len(quote)], quote] if quote else []
    known = [_ALIASES.get(p, p) for p in parts if text.isascii() and _CURRENCY.fullmatch(p)]
    if len(parts) != 2 or len(set(known)) != 2:
        raise MillraceError(
            Code.INVALID_SYMBOL,
            f"{text[:40]!r} is not a trading pair; write it like BTC/USDT",
            details={"symbol": text[:40]},
        )
    return Symbol(*known)
