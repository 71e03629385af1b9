"""One error for all contracts."""

from datetime import datetime
from typing import Any, Self

from pydantic import AwareDatetime, Field

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical.frame import Canonical

Place = tuple[str | int, ...]


class FieldError(Canonical):
    """What is wrong with one field of a request: where it stands, in words, and the rule's name."""

    loc: Place
    msg: str
    type: str = "value_error"

    @property
    def field(self) -> str:
        """The field's name without the part of the request it stands in."""
        return ".".join(map(str, self.loc[1:])) or str(self.loc[0])


class Problem(Canonical):
    """What went wrong. `area` is the first word of the operation, for contracts that name what was not found."""

    code: Code
    message: str
    errors: tuple[FieldError, ...] = ()
    details: dict[str, Any] = Field(default_factory=dict)
    status: int
    area: str = ""
    request_id: str | None = None
    at: AwareDatetime

    @property
    def fields(self) -> dict[str, str]:
        """What is wrong, by field."""
        return {error.field: error.msg for error in self.errors}

    @property
    def blamed(self) -> dict[str, str]:
        """The same, for contracts that always name one: of a pair that is not there what was wrong of it, too."""
        if self.errors or self.code is not Code.INVALID_SYMBOL or "symbol" not in self.details:
            return self.fields
        return {"exchange" if "supported_exchanges" in self.details else "symbol": self.message}

    @classmethod
    def of(cls, error: MillraceError, at: datetime, request_id: str | None = None, operation: str = "") -> Self:
        """The problem that an error of ours is, met while doing `operation`."""
        found = error.details.get("errors") or [
            {"loc": ("body", field), "msg": reason} for field, reason in error.fields.items()
        ]
        return cls(
            code=error.code,
            message=error.message,
            errors=tuple(FieldError.model_validate(each) for each in found),
            details={key: value for key, value in error.details.items() if key != "errors"},
            status=error.status,
            area=operation.split(".")[0],
            request_id=request_id,
            at=at,
        )
