"""One error type for everything a caller can be told. Services raise it; the edge renders it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """Stable words for what went wrong. Contracts translate them; nobody renames them."""

    AUTH_REQUIRED = "AUTH_REQUIRED"
    AUTH_INVALID = "AUTH_INVALID"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    VALIDATION_ERROR = "VALIDATION_ERROR"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    CONFLICT = "CONFLICT"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    RATE_LIMITED = "RATE_LIMITED"
    INVALID_SYMBOL = "INVALID_SYMBOL"
    INVALID_TIMEFRAME = "INVALID_TIMEFRAME"
    INVALID_DATE_RANGE = "INVALID_DATE_RANGE"
    INVALID_CONTRACT = "INVALID_CONTRACT"
    INVALID_QUANTITY = "INVALID_QUANTITY"
    INVALID_PRICE = "INVALID_PRICE"
    INVALID_ORDER_TYPE = "INVALID_ORDER_TYPE"
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    PROVIDER_ERROR = "PROVIDER_ERROR"
    ORDER_NOT_CANCELABLE = "ORDER_NOT_CANCELABLE"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    RISK_REFUSED = "RISK_REFUSED"
    INVALID_STATE = "INVALID_STATE"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


STATUS: Mapping[Code, int] = {
    Code.AUTH_REQUIRED: 401,
    Code.AUTH_INVALID: 401,
    Code.PERMISSION_DENIED: 403,
    Code.VALIDATION_ERROR: 422,
    Code.NOT_FOUND: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.CONFLICT: 409,
    Code.PAYLOAD_TOO_LARGE: 413,
    Code.RATE_LIMITED: 429,
    Code.IDEMPOTENCY_CONFLICT: 409,
    Code.IDEMPOTENCY_MISMATCH: 422,
    Code.INVALID_STATE: 409,
    Code.UNAVAILABLE: 503,
    Code.INTERNAL: 500,
}


class MillraceError(Exception):
    """What went wrong, in words for the caller and a code for its program.

    `fields` maps a field's name to what is wrong with it; `details` is free-form and never holds secrets.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        fields: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = dict(fields or {})
        self.details = dict(details or {})
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        """The HTTP status that belongs to the code; business refusals are 400."""
        return STATUS.get(self.code, 400)


def not_found(what: str) -> MillraceError:
    """The one answer for "does not exist" and "is not yours"."""
    return MillraceError(Code.NOT_FOUND, f"{what} not found")
