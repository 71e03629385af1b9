"""What one service has made, and another has not heard of yet."""

from collections.abc import Iterator
from contextlib import contextmanager

from millrace.common.kernel.errors import Code, MillraceError


@contextmanager
def made(what: str) -> Iterator[None]:
    """Raise UNAVAILABLE where NOT_FOUND is said of something that its own service knows.

    NOT_FOUND would be kept for an Idempotency-Key; the same key sent again is to complete what was begun.
    """
    try:
        yield
    except MillraceError as wrong:
        if wrong.code is not Code.NOT_FOUND:
            raise
        text = f"the {what} exists, but not every service has heard of it; ask again in a moment"
        raise MillraceError(Code.UNAVAILABLE, text, retry_after=1) from wrong
