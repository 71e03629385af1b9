"""The strategies that every user has, and what other types of strategy are bound to."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from millrace.common.kernel.clock import from_millis
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.ids import derive_id
from millrace.strategy.parameters import parse_parameters
from millrace.strategy.registry import BUILTIN

HOLD = "hold"
UNTYPED = "custom"
"""The type of a strategy for which none was named. It is bound to `hold`."""
_SYNONYMS = {"trend_following": "trend", "meanreversion": "mean_reversion"}


def builtin_id(name: str) -> UUID:
    """The id a built-in strategy has everywhere."""
    return derive_id(from_millis(0), "strategy", name)


def bound_to(strategy_type: str) -> str:
    """The built-in strategy that does a type's work: `hold`, which never trades, where none was named.

    So is a type that nobody knows: older versions have stored such ones, new ones are refused by `check_type`.
    """
    name = _builtin(strategy_type)
    return name if name in BUILTIN else HOLD


def check_type(strategy_type: str) -> None:
    """Raises VALIDATION_ERROR, with the types there are, for one that nobody knows: it would hold for ever."""
    if _builtin(strategy_type) in {*BUILTIN, UNTYPED}:
        return
    reason = f"must be one of {', '.join(BUILTIN)}"
    text = f"{strategy_type[:40]!r} is not a type of strategy; strategy_type {reason}"
    raise MillraceError(
        Code.VALIDATION_ERROR, text, fields={"strategy_type": reason}, details={"allowed": list(BUILTIN)}
    )


def _builtin(strategy_type: str) -> str:
    name = strategy_type.strip().lower().replace("-", "_").replace(" ", "_")
    return _SYNONYMS.get(name, name)


def known_parameters(strategy_type: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """What of a configuration the type's strategy takes. The rest is kept by others and has no effect.

    Raises VALIDATION_ERROR for a value that the strategy does not accept; `hold` accepts everything.
    """
    bound = bound_to(strategy_type)
    if bound == HOLD:
        return {}
    fields = BUILTIN[bound].Parameters
    known = {name: value for name, value in config.items() if name in fields.model_fields}
    parse_parameters(fields, known, owner=bound)
    return known
