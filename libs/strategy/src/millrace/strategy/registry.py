"""Strategies by name."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from millrace.common.kernel.errors import Code, MillraceError
from millrace.strategy.builtin.hold import Hold
from millrace.strategy.builtin.mean_reversion import MeanReversion
from millrace.strategy.builtin.momentum import Momentum
from millrace.strategy.builtin.trend import Trend
from millrace.strategy.port import Strategy

BUILTIN: Mapping[str, type[Strategy]] = {kind.name: kind for kind in (Momentum, MeanReversion, Trend, Hold)}


def create(name: str, parameters: Mapping[str, Any]) -> Strategy:
    """A fresh strategy. Raises VALIDATION_ERROR that names the field and what is allowed."""
    kind = BUILTIN.get(name)
    if kind is None:
        raise MillraceError(
            Code.VALIDATION_ERROR,
            f"there is no strategy {name[:40]!r}; there are {', '.join(BUILTIN)}",
            fields={"strategy": "is unknown"},
        )
    try:
        return kind(kind.Parameters(**parameters))
    except ValidationError as wrong:
        allowed = ", ".join(kind.Parameters.model_fields)
        fields = {".".join(map(str, e["loc"])) or "parameters": e["msg"] for e in wrong.errors()}
        text = "; ".join(f"{field}: {what}" for field, what in fields.items())
        raise MillraceError(
            Code.VALIDATION_ERROR, f"{name} parameters: {text}; allowed: {allowed}", fields=fields
        ) from None


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a strategy's parameters."""
    return BUILTIN[name].Parameters.model_json_schema()
