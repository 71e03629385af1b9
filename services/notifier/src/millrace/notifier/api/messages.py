"""What clients of a WebSocket say."""

from typing import Any

import orjson

from millrace.common.kernel.errors import Code, MillraceError
from millrace.notifier.app.views import message

Message = dict[str, Any]

_LONGEST = 16_384


def read(event: Message) -> Message:
    """The object in a received message. Raises VALIDATION_ERROR."""
    text = event.get("text")
    if text is None:
        raise wrong("messages are text")
    if len(text) > _LONGEST:
        raise wrong("the message is too long")
    try:
        found = orjson.loads(text)
    except ValueError:
        raise wrong("the message is not valid JSON") from None
    if not isinstance(found, dict):
        raise wrong("a message must be an object")
    return found


def resume_from(asked: Message) -> int | None:
    """The `seq` of the last message that the client has seen. Raises VALIDATION_ERROR."""
    place = asked.get("resume_from")
    if place is None:
        return None
    if type(place) is not int or not 0 <= place < 1 << 62:
        raise wrong("resume_from must be the seq of a message")
    return place


def error(code: Code, text: str) -> bytes:
    """How anything that went wrong is told, on every path."""
    return message({"type": "error", "code": str(code), "message": text})


def wrong(text: str) -> MillraceError:
    """The client said what means nothing here."""
    return MillraceError(Code.VALIDATION_ERROR, text)
