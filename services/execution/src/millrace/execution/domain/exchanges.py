"""The exchanges accounts can be at, what each wants of keys, and the few options that may reach it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from millrace.common.kernel.errors import Code, MillraceError

_SHORTEST, _LONGEST, _LONGEST_SECRET = 3, 256, 4096
_WIDEST_WINDOW = 60_000


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange: the currency accounts there are counted in, whether keys have a passphrase, and a test network."""

    name: str
    currency: str
    passphrase: bool = False
    testnet: bool = False


EXCHANGES = {
    one.name: one
    for one in (
        Exchange("luno", "ZAR"),
        Exchange("binance", "USDT", testnet=True),
        Exchange("kucoin", "USDT", passphrase=True),
        Exchange("kraken", "USDT"),
        Exchange("bybit", "USDT", testnet=True),
    )
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """An exchange's API keys. Never shown, not even by `repr`."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    passphrase: str = field(default="", repr=False)


def exchange(name: str) -> Exchange:
    """The exchange of that name. Raises VALIDATION_ERROR with those there are."""
    found = EXCHANGES.get(name.lower())
    if found is None:
        raise wrong("exchange", f"must be one of {', '.join(EXCHANGES)}")
    return found


def check_mode(name: str, mode: str) -> None:
    """Raise VALIDATION_ERROR where an exchange has no test network to be used."""
    if mode == "testnet" and not exchange(name).testnet:
        raise wrong("mode", f"must not be testnet: {name} has none")


def check_credentials(name: str, given: Credentials) -> None:
    """Raise VALIDATION_ERROR for keys that can be none of this exchange's. The text never repeats them."""
    _well_formed("api_key", given.api_key, _LONGEST, " -")
    _well_formed("api_secret", given.api_secret, _LONGEST_SECRET, "\n -")
    if given.passphrase:
        _well_formed("passphrase", given.passphrase, _LONGEST, " -")
    elif exchange(name).passphrase:
        raise wrong("passphrase", f"is required by {name}")


def _well_formed(field: str, value: str, longest: int, also: str) -> None:
    if not _SHORTEST <= len(value) <= longest:
        raise wrong(field, f"must have {_SHORTEST} to {longest} characters")
    if value != value.strip() or not all("!" <= c <= "~" or c in also for c in value):
        raise wrong(field, "must be printable ASCII without surrounding blanks")


def checked_options(given: Any) -> dict[str, Any]:
    """The options of an account's settings that reach the exchange's client; nothing else ever does.

    `recvWindow`: milliseconds for which a signed request is good; `adjustForTimeDifference`: ask the exchange its time.
    Raises VALIDATION_ERROR for any other, and for other values.
    """
    if not isinstance(given, Mapping):
        raise wrong("settings.options", "must be an object")
    for name, value in given.items():
        if name == "recvWindow":
            good = type(value) is int and 0 < value <= _WIDEST_WINDOW
        elif name == "adjustForTimeDifference":
            good = isinstance(value, bool)
        else:
            raise wrong("settings.options", "may hold recvWindow and adjustForTimeDifference only")
        if not good:
            raise wrong(f"settings.options.{name}", "has a value that is not allowed")
    return dict(given)


def wrong(field: str, what: str) -> MillraceError:
    """A field that is not as it must be."""
    return MillraceError(Code.VALIDATION_ERROR, f"{field} {what}", fields={field: what})
