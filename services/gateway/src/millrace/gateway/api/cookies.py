"""What browsers keep: the refresh token, which scripts cannot read, and a mark by which their device is known again."""

import re
from secrets import token_urlsafe

from starlette.requests import Request
from starlette.responses import Response

from millrace.contracts.canonical.users import SignedIn

REFRESH = "millrace_refresh"
DEVICE = "millrace_device"
_PATH = "/api/v1/auth"
_WEEK = 7 * 24 * 3600
_YEAR = 365 * 24 * 3600
_MARK = re.compile(r"[A-Za-z0-9_-]{1,128}")


def known_device(request: Request) -> str:
    """The mark of the browser that asks; empty where it has none."""
    told = request.cookies.get(DEVICE, "")
    return told if _MARK.fullmatch(told) else ""


def device(request: Request) -> str:
    """The mark of the browser that asks; a new one where it has none."""
    return known_device(request) or token_urlsafe(24)


def keep(request: Request, answer: Response, signed_in: SignedIn, device: str, *, secure: bool) -> None:
    """Have the browser keep the refresh token and its mark, for the addresses of signing in alone.

    Only where JSON was sent: no page of another site can send that, and sign a user in as somebody else.
    """
    kind = request.headers.get("content-type", "").partition(";")[0]  # what follows any page may choose
    if not kind.strip().lower().endswith("json"):
        return
    kept = {REFRESH: (signed_in.refresh_token, _WEEK), DEVICE: (device, _YEAR)}
    for name, (value, seconds) in kept.items():
        answer.set_cookie(name, value, seconds, path=_PATH, httponly=True, samesite="strict", secure=secure)


def forget(answer: Response) -> None:
    """Have the browser forget the token."""
    answer.delete_cookie(REFRESH, path=_PATH)
