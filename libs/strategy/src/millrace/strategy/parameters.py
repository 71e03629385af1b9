"""Strategy parameters: what the built-in strategies share, and how outside values become typed ones."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from millrace.common.kernel.errors import Code, MillraceError

P = TypeVar("P", bound=BaseModel)

Period = Annotated[int, Field(ge=2, le=1000)]


class SizedParameters(BaseModel):
    """How large a position is."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    position_size: Decimal = Field(
        default=Decimal("0.1"),
        gt=0,
        le=1_000_000_000,
        decimal_places=10,
        description="Put into one position: up to 1 a share of the equity, above 1 an amount of quote currency.",
    )


class ProtectedParameters(SizedParameters):
    """And with exits at a fixed distance from the entry price, looked at when a candle has closed."""

    stop_loss: Decimal | None = Field(
        default=None,
        gt=0,
        lt=1,
        decimal_places=10,
        description="Leave when the close is this fraction of the entry price, or more, below it.",
    )
    take_profit: Decimal | None = Field(
        default=None,
        gt=0,
        le=100,
        decimal_places=10,
        description="Leave when the close is this fraction of the entry price, or more, above it.",
    )


def parse_parameters(model: type[P], raw: Mapping[str, Any], owner: str) -> P:
    """Typed parameters from outside values; `owner` is the name told in errors.

    Raises VALIDATION_ERROR with every wrong field and, in the details, the allowed names. The values given are not
    repeated. True and False are no numbers here.
    """
    wrong = {
        name: "must be a number, not true or false"
        for name, value in raw.items()
        if isinstance(value, bool) and name in model.model_fields and model.model_fields[name].annotation is not bool
    }
    try:
        parsed = model.model_validate(dict(raw))
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False, include_context=False, include_input=False):
            name = ".".join(map(str, error["loc"]))[:40] or "parameters"
            unknown = error["type"] == "extra_forbidden"
            wrong.setdefault(name, "is not a parameter of it" if unknown else _lowered(error["msg"]))
    if wrong:
        raise _refused(owner, wrong, list(model.model_fields))
    return parsed


def _refused(owner: str, wrong: Mapping[str, str], allowed: list[str]) -> MillraceError:
    problems = "; ".join(f"{name} {reason}" for name, reason in list(wrong.items())[:5])
    known = ", ".join(allowed) or "none"
    return MillraceError(
        Code.VALIDATION_ERROR,
        f"parameters of {owner}: {problems}. Allowed: {known}",
        fields=wrong,
        details={"allowed": allowed},
    )


def _lowered(message: str) -> str:
    text = message.removeprefix("Value error, ").removeprefix("Input ")
    return text[:1].lower() + text[1:]
