"""What can be traded where, and the exchange's filters for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.money import LIMIT
from millrace.common.kernel.symbols import parse_symbol


@dataclass(frozen=True, slots=True)
class Instrument:
    """One pair at one exchange. Fees are fractions of the notional, charged in quote currency; `min_notional` is in
    quote currency, `step_size` and `max_quantity` in base currency.
    """

    exchange: str
    symbol: str
    tick_size: Decimal
    step_size: Decimal
    min_notional: Decimal
    maker_fee: Decimal = Decimal("0.001")
    taker_fee: Decimal = Decimal("0.001")
    max_quantity: Decimal = LIMIT

    @property
    def base(self) -> str:
        """What is bought and sold."""
        return self.symbol.split("/")[0]

    @property
    def quote(self) -> str:
        """What it is priced in."""
        return self.symbol.split("/")[1]


def _table() -> dict[tuple[str, str], Instrument]:
    usual, dear = ("0.001", "0.001"), ("0.0025", "0.004")
    rows = (
        ("binance", "BTC/USDT", ("0.01", "0.00001", "5"), usual, "9000"),
        ("binance", "ETH/USDT", ("0.01", "0.0001", "5"), usual, "9000"),
        ("luno", "BTC/ZAR", ("1", "0.0001", "10"), usual, "1000"),
        ("luno", "ETH/ZAR", ("1", "0.001", "10"), usual, "1000"),
        ("kucoin", "BTC/USDT", ("0.1", "0.00000001", "0.1"), usual, "9000"),
        ("kucoin", "ETH/USDT", ("0.01", "0.0000001", "0.1"), usual, "9000"),
        ("kraken", "BTC/USDT", ("0.1", "0.00000001", "0.5"), dear, "9000"),
        ("kraken", "ETH/USDT", ("0.01", "0.00000001", "0.5"), dear, "9000"),
        ("bybit", "BTC/USDT", ("0.1", "0.000001", "5"), usual, "9000"),
        ("bybit", "ETH/USDT", ("0.01", "0.00001", "5"), usual, "9000"),
    )
    made = (Instrument(e, s, *map(Decimal, (*filters, *fees, most))) for e, s, filters, fees, most in rows)
    return {(i.exchange, i.symbol): i for i in made}


INSTRUMENTS = _table()
"""What paper accounts trade, by exchange and symbol; a process may `register` more at its start.

Exchanges change their filters now and then: a live feed reads its exchange's own.
"""
EXCHANGES = tuple(sorted({exchange for exchange, _ in INSTRUMENTS}))


BOT_LIMIT = 100
"""How many bots one user may have at one exchange; those that a strategy runs for the user are not counted."""


def default_symbol(exchange: str) -> str:
    """What is traded at an exchange where nobody says what: the first pair that it has."""
    there = exchange.lower()
    return next((symbol for at, symbol in INSTRUMENTS if at == there), "BTC/USDT")


def exchange_of(symbol: str) -> str:
    """Where a pair in any spelling is traded if nobody says: the first exchange that has it, or else the first of all.

    Raises INVALID_SYMBOL for what is no pair.
    """
    name = str(parse_symbol(symbol))
    having = (place for place, listed in INSTRUMENTS if listed in (name, in_dollars(name)))
    return next(having, next(place for place, _ in INSTRUMENTS))


def register(more: Iterable[Instrument]) -> None:
    """Let this process trade further instruments, or known ones with other filters."""
    INSTRUMENTS.update({(i.exchange, i.symbol): i for i in more})


def in_dollars(symbol: str) -> str:
    """`BTC/USDT` for `BTC/USD`: what a dollar is where an exchange lists none; other symbols stay as they are."""
    return f"{symbol}T" if symbol.endswith("/USD") else symbol


def instrument(exchange: str, symbol: str) -> Instrument:
    """The instrument for any spelling of `symbol`; INVALID_SYMBOL with what there is when unknown.

    A pair in USD that the exchange does not list is its pair in USDT.
    """
    name = str(parse_symbol(symbol))
    place = exchange.lower()
    found = INSTRUMENTS.get((place, name)) or INSTRUMENTS.get((place, in_dollars(name)))
    if found is None:
        there = sorted(s for e, s in INSTRUMENTS if e == place)
        raise MillraceError(
            Code.INVALID_SYMBOL,
            f"{name} cannot be traded on {exchange[:40]!r}; available: {', '.join(there or EXCHANGES)}",
            details={"symbol": symbol[:40]}
            | ({"supported_symbols": there} if there else {"supported_exchanges": list(EXCHANGES)}),
        )
    return found
