"""The strategies that every user has, and what other types of strategy are bound to."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from millrace.common.kernel.clock import from_millis
from millrace.common.kernel.ids import derive_id
from millrace.strategy.parameters import parse_parameters
from millrace.strategy.registry import BUILTIN

HOLD = "hold"
_SYNONYMS = {"trend_following": "trend", "meanreversion": "mean_reversion"}


def builtin_id(name: str) -> UUID:
    """The id a built-in strategy has everywhere."""
    return derive_id(from_millis(0), "strategy", name)


def bound_to(strategy_type: str) -> str:
    """The built-in strategy that does a type's work: `hold`, which never trades, for a type that nobody knows."""
    name = strategy_type.strip().lower().replace("-", "_").replace(" ", "_")
    name = _SYNONYMS.get(name, name)
    return name if name in BUILTIN else HOLD


def known_parameters(strategy_type: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """What of a configuration the type's strategy takes. The rest is kept by others and has no effect.

    Raises VALIDATION_ERROR for a value that the strategy does not accept; an unknown type accepts everything.
    """
    bound = bound_to(strategy_type)
    if bound == HOLD:
        return {}
    fields = BUILTIN[bound].Parameters
    known = {name: value for name, value in config.items() if name in fields.model_fields}
    parse_parameters(fields, known, owner=bound)
    return known
