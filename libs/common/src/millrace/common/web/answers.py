"""JSON answers: decimals as text, times in UTC."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from starlette.responses import Response

from millrace.common.kernel.money import plain


def encode(content: Any) -> bytes:
    """JSON bytes; `Decimal` becomes plain text, aware datetimes end in Z."""
    return orjson.dumps(content, default=_default, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response."""
    return Response(encode(content), status, headers, media_type="application/json")


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if hasattr(value, "model_dump"):
        return value.model_dump()
    return str(value)
