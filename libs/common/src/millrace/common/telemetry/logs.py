"""Structured logs on standard error, one JSON object a line, without secrets."""

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
import structlog

from millrace.common.telemetry.tracing import add_trace_id

_WORDS = (
    r"passw(?:or)?d|passphrase|passwd|token|secret|api[_-]?key|private[_-]?key|master[_-]?key|internal[_-]?key"
    r"|authorization|cookie|credential|totp|jwt|ticket|signature|mnemonic"
)
_SECRET_KEY = re.compile(_WORDS, re.I)
_SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]*"
    r"|(?i:mlr_[0-9a-f]{8})_[\w-]+"
    r"|(?i:bearer|basic)\s+[\w.~+/=-]{8,}"
    r"|(?<=://)[^\s/:@]*(?::\S*)?(?=@)",  # whoever signs in by URL
    re.DOTALL,
)
_SECRET_PAIR = re.compile(rf"((?:{_WORDS})\w*[\"']?\s*[:=]\s*b?[\"']?)[^\s\"'&,;)}}\]]+", re.I)
# one of these is in everything that the expressions find; looking for them first is 20 times cheaper
_HINTS = (
    *("pass", "token", "secret", "key", "author", "cookie", "credential", "totp", "jwt", "ticket", "signature"),
    *("mnemonic", "://", "eyj", "mlr_", "bearer", "basic", "-----begin"),
)
_PLAIN = (bool, int, float, Decimal, UUID, date, timedelta, type(None))
_DEPTH = 20
_REMEMBERED = 1000
MASK = "***"


def redact(value: Any, depth: int = _DEPTH) -> Any:
    """The value with everything that looks like a secret masked, at any depth; strange objects become text."""
    if isinstance(value, _PLAIN):
        return value
    if depth > 0:
        if isinstance(value, Mapping):
            named = ((str(k), v) for k, v in value.items())
            return {k: MASK if v is not None and _is_secret(k) else redact(v, depth - 1) for k, v in named}
        if isinstance(value, list | tuple | set | frozenset):
            return [redact(v, depth - 1) for v in value]
    try:
        text = str(value)
    except Exception:  # whatever a broken __str__ raises, the rest must be logged
        text = f"a {type(value).__name__} that cannot be shown"
    lower = text.lower()
    if any(hint in lower for hint in _HINTS):
        text = _SECRET_PAIR.sub(rf"\1{MASK}", _SECRET_VALUE.sub(MASK, text))
    return text


@lru_cache(4096)
def _is_secret(key: str) -> bool:
    return _SECRET_KEY.search(key) is not None


def _redacted(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    return redact(event)  # type: ignore[no-any-return]


class Rarely(logging.Filter):
    """Lets a library's message through once in `seconds`: clients of a server that is away repeat themselves."""

    def __init__(self, seconds: float = 5.0) -> None:
        super().__init__()
        self._seconds = seconds
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is time to say this again."""
        said = str(record.msg)
        if record.created - self._last.get(said, 0.0) < self._seconds:
            return False
        if len(self._last) >= _REMEMBERED:
            self._last.clear()
        self._last[said] = record.created
        return True


def _dumps(event: Any, **_: Any) -> str:
    try:
        return orjson.dumps(event, default=str).decode()
    except TypeError:  # what orjson does not write: integers over 64 bits, halves of surrogate pairs
        return json.dumps(event, default=str)


def configure(level: str = "info", service: str = "millrace", *, pretty: bool = False) -> None:
    """Set up logging for this process; standard library loggers go the same way. Raises ValueError for no level."""
    threshold = logging.getLevelNamesMapping().get(level.upper())
    if threshold is None:
        raise ValueError(f"{level!r} is not a log level; use debug, info, warning, error or critical")
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        add_trace_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redacted,
    ]
    renderer = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer(serializer=_dumps)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Rarely())
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING), force=True)
