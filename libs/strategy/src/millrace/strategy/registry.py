"""The strategies by name: made from outside values, described for forms."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from millrace.common.kernel.errors import Code, MillraceError
from millrace.strategy.builtin.hold import Hold
from millrace.strategy.builtin.mean_reversion import MeanReversion
from millrace.strategy.builtin.momentum import Momentum
from millrace.strategy.builtin.trend import Trend
from millrace.strategy.parameters import parse_parameters
from millrace.strategy.port import Strategy

Catalogue = Mapping[str, type[Strategy]]

BUILTIN: Catalogue = {cls.name: cls for cls in (Hold, MeanReversion, Momentum, Trend)}


def find(name: str, catalogue: Catalogue = BUILTIN) -> type[Strategy]:
    """The class called `name`, or VALIDATION_ERROR with the names there are."""
    try:
        return catalogue[name]
    except KeyError:
        known = ", ".join(catalogue)
        raise MillraceError(
            Code.VALIDATION_ERROR,
            f"{name[:40]!r} is not a strategy; use one of {known}",
            fields={"strategy": f"must be one of {known}"},
            details={"allowed": list(catalogue)},
        ) from None


def create(name: str, parameters: Mapping[str, Any], catalogue: Catalogue = BUILTIN) -> Strategy:
    """A fresh strategy. Fields not given have their defaults.

    Raises VALIDATION_ERROR for an unknown name, an unknown parameter or a value out of bounds.
    """
    cls = find(name, catalogue)
    return cls(parse_parameters(cls.Parameters, parameters, owner=name))


def schema(name: str, catalogue: Catalogue = BUILTIN) -> dict[str, Any]:
    """JSON Schema of the parameters, with bounds, defaults and descriptions; for forms."""
    cls = find(name, catalogue)
    described = cls.Parameters.model_json_schema(schema_generator=_FormSchema)
    return described | {"title": cls.name, "description": cls.description}


class _FormSchema(GenerateJsonSchema):
    """Decimals are plain numbers to a form."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        bounds = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
        given = {word: float(schema[key]) for key, word in bounds.items() if key in schema}  # type: ignore[literal-required]
        return {"type": "number", **given}

    def encode_default(self, dft: Any) -> Any:
        return float(dft) if isinstance(dft, Decimal) else super().encode_default(dft)
