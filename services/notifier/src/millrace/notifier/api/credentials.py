"""Where a client may put its token: header, address, subprotocol. On a WebSocket the first message will do, too."""

from collections.abc import Sequence

from starlette.requests import HTTPConnection

from millrace.common.auth.tokens import KEY_START

_SUBPROTOCOL = "bearer"


def bearer(request: HTTPConnection) -> str | None:
    """The token in the `Authorization` header, in `X-API-Key` or in `?token=`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return request.headers.get("x-api-key") or request.query_params.get("token")


def offered(protocols: Sequence[str]) -> tuple[str | None, str | None]:
    """The token among the offered subprotocols, and the subprotocol to choose: a browser wants one of its own back.

    The token comes after `bearer`, or it is whatever looks like one.
    """
    if not protocols:
        return None, None
    if protocols[0] == _SUBPROTOCOL:
        return (protocols[1] if len(protocols) > 1 else None), _SUBPROTOCOL
    token = next((each for each in protocols if each.count(".") == 2 or each.startswith(KEY_START)), None)
    return token, (protocols[0] if token else None)


def address(request: HTTPConnection) -> str:
    """Where the client is."""
    return request.client.host if request.client else ""


def position(text: str | None) -> int | None:
    """A place in the log, as `Last-Event-ID` gives it; nothing for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
