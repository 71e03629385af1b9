"""A bot's states and the verbs between them."""

from millrace.common.kernel.errors import Code, MillraceError

NEXT = {
    "start": ({"created", "stopped", "paused"}, "active"),
    "pause": ({"created", "active", "stopped"}, "paused"),
    "resume": ({"paused"}, "active"),
    "stop": ({"active", "paused"}, "stopped"),
    "delete": ({"created", "active", "paused", "stopped"}, "deleted"),
}


def after(verb: str, status: str) -> str:
    """The status after `verb`; a verb that changes nothing is fine, an impossible one is INVALID_STATE."""
    allowed, new = NEXT[verb]
    if status == new:
        return status
    if status not in allowed:
        raise MillraceError(Code.INVALID_STATE, f"a bot that is {status} cannot {verb}")
    return new


def check_runs(verb: str, held: str | None, *, closed: bool) -> None:
    """Raise INVALID_STATE when a bot may not begin to run: an administrator holds it, or its account is closed."""
    if verb not in ("start", "resume"):
        return
    if held is not None:
        raise MillraceError(Code.INVALID_STATE, f"an administrator holds this bot: {held}", details={"held": held})
    if closed:
        raise MillraceError(Code.INVALID_STATE, "the bot's account was closed; link another one first")
