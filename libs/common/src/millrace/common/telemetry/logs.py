"""Structured logs on standard error, one JSON object a line, without secrets."""

import logging
import re
import sys
from typing import Any

import orjson
import structlog

_SECRET_KEY = re.compile(r"pass(word|phrase)?|token|secret|api_?key|authorization|cookie|totp|ticket|signature", re.I)
_SECRET_VALUE = re.compile(
    r"eyJ[\w-]+\.[\w-]+\.[\w-]*|(?i:bearer)\s+\S+|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)|(?<=token=)[^&\s\"']+|(?<=ticket=)[^&\s\"']+"
)
MASK = "***"


def redact(value: Any) -> Any:
    """The value with everything that looks like a secret masked, at any depth."""
    if isinstance(value, str):
        return _SECRET_VALUE.sub(MASK, value)
    if isinstance(value, dict):
        return {k: MASK if _SECRET_KEY.search(str(k)) and v is not None else redact(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [redact(v) for v in value]
    return value


def _redacted(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    return redact(event)  # type: ignore[no-any-return]


def _dumps(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()


def configure(level: str = "info", service: str = "millrace", *, pretty: bool = False) -> None:
    """Set up logging for this process; standard library loggers go the same way."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redacted,
    ]
    renderer = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer(serializer=_dumps)
    threshold = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING), force=True)
