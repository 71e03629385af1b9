"""Which contract a request speaks: by address, header or credential, else by what it looks like.

Only the addresses that several contracts define, and the bodies of errors, depend on it.
"""

from collections.abc import Mapping
from typing import Any

from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.contracts.names import Contract

PREFIX = "/contracts/"
HEADER = "x-api-contract"
UNION = "union"
_NETWORK, _APPLICATION, _BOTPLATFORM, _INTERFACES, _CRYPTO = Contract

OWNERS: Mapping[tuple[str, str], tuple[Contract, ...]] = {
    ("POST", "/api/v1/auth/login"): (_INTERFACES, _CRYPTO, _APPLICATION, _BOTPLATFORM),
    ("POST", "/api/v1/auth/logout"): (_INTERFACES, _APPLICATION),
    ("POST", "/api/v1/auth/refresh"): (_BOTPLATFORM, _INTERFACES, _APPLICATION),
    ("GET", "/api/v1/bots/{bot_id}"): (_BOTPLATFORM, _APPLICATION),
    ("GET", "/api/v1/trading/positions"): (_INTERFACES, _CRYPTO),
    ("POST", "/api/v1/trading/orders"): (_INTERFACES, _CRYPTO),
    ("DELETE", "/api/v1/trading/orders/{order_id}"): (_INTERFACES, _CRYPTO),
    ("GET", "/api/v1/strategies"): (_INTERFACES, _CRYPTO),
    ("POST", "/api/v1/strategies"): (_INTERFACES, _CRYPTO),
    ("GET", "/api/v1/risk/limits"): (_INTERFACES, _CRYPTO, _BOTPLATFORM),
    ("GET", "/api/v1/health"): (_BOTPLATFORM, _APPLICATION),
    ("GET", "/health"): (_BOTPLATFORM, _APPLICATION),
}
"""The addresses that several contracts define, and whose values count where nothing is known of the caller."""

WHOLE = frozenset({("GET", "/api/v1/trading/positions"), ("GET", "/api/v1/strategies")})
"""The shared lists that one of their documents knows no pages of: who says nothing gets all of them."""

_STRATEGY = {"strategy_type", "symbols", "timeframes", "parameters", "risk_parameters", "is_paper_trading"}


def named(word: str) -> Contract:
    """The contract of this name, in any case. Raises INVALID_CONTRACT."""
    try:
        return Contract(word.strip().lower())
    except ValueError:
        reason = f"must be one of {', '.join(Contract)}"
        raise MillraceError(
            Code.INVALID_CONTRACT, f"X-API-Contract {reason}", fields={"X-API-Contract": reason}
        ) from None


def by_address(path: str) -> tuple[Contract | None, str]:
    """The contract that a path's beginning names, and that beginning; raises NOT_FOUND for a name that is none."""
    if not path.startswith(PREFIX):
        return None, ""
    word = path.removeprefix(PREFIX).split("/", 1)[0]
    if word not in set(Contract):
        raise not_found(f"contract {word[:40]!r}")
    return Contract(word), PREFIX + word


def evidence(method: str, path: str, query: Mapping[str, str], body: Any) -> Contract | None:
    """The contract that the fields of a request to a shared address give away, if any.

    `path` is the address as the table writes it, `body` the JSON as it came.
    """
    told = body if isinstance(body, dict) else {}
    match method, path:
        case "POST", "/api/v1/auth/login":
            return _APPLICATION if "device_info" in told else _INTERFACES if "mfa_token" in told else None
        case "POST", "/api/v1/trading/orders":
            return _order_evidence(told)
        case "POST", "/api/v1/strategies":
            return _CRYPTO if "config" not in told and _STRATEGY & told.keys() else _INTERFACES
        case "GET", "/api/v1/trading/positions":
            return _INTERFACES if query.keys() & {"status", "limit"} else _CRYPTO if "side" in query else None
        case "GET", "/api/v1/strategies":
            asked = query.keys()
            return (
                _INTERFACES
                if asked & {"active", "limit"}
                else _CRYPTO
                if asked & {"is_active", "strategy_type"}
                else None
            )
    return None


def _order_evidence(told: Mapping[str, Any]) -> Contract:
    side = told.get("side")
    if isinstance(side, str) and (side.islower() or side.isupper()):
        return _INTERFACES if side.islower() else _CRYPTO
    if told.keys() & {"exchange", "stop_price", "strategy_id"}:
        return _INTERFACES
    return _CRYPTO if "client_order_id" in told or isinstance(told.get("quantity"), str) else _INTERFACES
