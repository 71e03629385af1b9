"""How many requests a caller may send, as each contract says it.

A bucket of `limit` requests fills evenly over `seconds`: a client that paces itself is never refused, and one that
sends its whole minute at once waits for the next. Contracts that name no number get one an ordinary client never meets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from millrace.common.kernel.errors import Code, MillraceError

MINUTE = 60.0
UNION = "union"


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `limit` requests in `seconds`. A shaped one makes a caller wait up to `patience` seconds instead."""

    name: str
    limit: int
    seconds: float = MINUTE
    patience: float = 0.0

    def scaled(self, factor: float) -> "Rate":
        """The same with another limit, never below one."""
        return Rate(self.name, max(1, round(self.limit * factor)), self.seconds, self.patience)


class Standing(NamedTuple):
    """Where a caller stands with one rate after a request.

    `remaining` requests may follow at once; after `full_in` seconds the whole limit may. `wait` is 0 for a request that
    may go on, else the seconds after which it may.
    """

    rate: Rate
    remaining: int
    full_in: float
    wait: float

    @property
    def refused(self) -> bool:
        """Whether waiting would take longer than the rate allows."""
        return self.wait > self.rate.patience


_CRYPTO = {"market_data": 100, "trading": 50, "portfolio": 60, "strategies": 30, "ml": 20, "backtesting": 10}
_OVERALL = {"network": 600, "application": 600, "botplatform": 100, "interfaces": 600, "crypto": 1000, "union": 1000}
_BURST = Rate("botplatform burst", 10, 1.0, 1.0)
ADDRESS = Rate("address", 6000)
_TICK = 1e-6  # less is what floats make of nothing
_USER = Rate("user overall", max(_OVERALL.values()))  # however many contracts a user speaks


def rates(contract: str, category: str | None) -> list[Rate]:
    """What holds for a request that is answered as this contract; the first is the one its headers speak of.

    `contract` is `union` where nothing decides: then the most generous of all holds. `category` is crypto's. The last
    is the user's, whatever they speak: as many as the most generous contract allows.
    Raises VALIDATION_ERROR for a contract that does not exist.
    """
    if contract not in _OVERALL:
        reason = f"must be one of {', '.join(sorted(_OVERALL))}"
        raise MillraceError(Code.VALIDATION_ERROR, f"X-API-Contract {reason}", fields={"X-API-Contract": reason})
    overall = Rate(f"{contract} overall", _OVERALL[contract])
    if contract == "botplatform":
        return [overall, _BURST, _USER]
    if contract == "crypto" and category in _CRYPTO:
        return [Rate(f"crypto {category}", _CRYPTO[category]), overall, _USER]
    return [overall, _USER]


def described() -> dict[str, dict[str, int]]:
    """Every rate, for people: requests a minute overall and by category, requests a second."""
    shown = {contract: {"per_minute": limit} for contract, limit in _OVERALL.items()}
    shown["crypto"] |= {f"{category}_per_minute": limit for category, limit in _CRYPTO.items()}
    shown["botplatform"]["per_second"] = _BURST.limit
    return shown


def spend(rate: Rate, full_at: float, now: float) -> tuple[Standing, float]:
    """One request against a bucket. Gives where the caller stands and the bucket's new state.

    The state, `full_at`, is the instant at which the bucket would be full again if left alone: the generic cell rate
    algorithm of ITU-T I.371, with the bucket's whole content as its tolerance. A refused request
    takes nothing. Times are seconds.
    """
    step = rate.seconds / rate.limit
    after = max(full_at, now) + step
    wait = after - now - rate.seconds
    if wait < _TICK:
        wait = 0.0
    if wait > rate.patience:
        return Standing(rate, 0, full_at - now, wait), full_at
    left = int((rate.seconds - (after - now)) / step + 1e-6)
    return Standing(rate, max(0, left), after - now, wait), after


def headers(standings: Sequence[Standing], now: float) -> dict[str, str]:
    """The four headers, of the rate that refuses or else of the first; `now` is Unix time.

    They never tell of another number than the contract's: where the user's own rate refuses, none are left of it.
    """
    shown = next((standing for standing in standings if standing.refused), standings[0])
    if shown.rate.name == _USER.name:
        shown = standings[0]._replace(remaining=0, full_in=shown.full_in, wait=shown.wait)
    return {
        "x-ratelimit-limit": str(shown.rate.limit),
        "x-ratelimit-remaining": str(shown.remaining),
        "x-ratelimit-reset": str(ceil(now + shown.full_in)),
        "x-ratelimit-retry-after": str(ceil(shown.wait) if shown.refused else 0),
    }
