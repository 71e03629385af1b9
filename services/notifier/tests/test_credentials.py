"""Where a token is looked for."""

import pytest
from starlette.requests import HTTPConnection

from millrace.notifier.api import credentials

TOKEN = "aaa.bbb.ccc"
KEY = "mlr_0123456789"


def asked(query: str = "", **headers: str) -> HTTPConnection:
    """A request from 192.0.2.7."""
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection(
        {"type": "websocket", "query_string": query.encode(), "headers": sent, "client": ("192.0.2.7", 1)}
    )


@pytest.mark.parametrize(
    ("protocols", "found"),
    [
        ([], (None, None)),
        (["bearer", "anything"], ("anything", "bearer")),
        (["bearer"], (None, "bearer")),
        (["jwt", TOKEN], (TOKEN, "jwt")),
        ([TOKEN], (TOKEN, TOKEN)),
        ([KEY, "graphql-ws"], (KEY, KEY)),
        (["graphql-ws"], (None, None)),
        (["v1.json"], (None, None)),
    ],
)
def test_a_token_among_subprotocols_is_found_and_one_that_was_offered_is_chosen(
    protocols: list[str], found: tuple[str | None, str | None]
) -> None:
    assert credentials.offered(protocols) == found


@pytest.mark.parametrize(
    ("request_", "token"),
    [
        (asked(authorization="Bearer one"), "one"),
        (asked(authorization="bearer  one "), "one"),
        (asked("token=two", authorization="Bearer one"), "one"),
        (asked("token=two", authorization="Basic b25l"), "two"),
        (asked("token=two"), "two"),
        (asked("token=two", **{"x-api-key": KEY}), KEY),
        (asked("token=two", authorization="Bearer one", **{"x-api-key": KEY}), "one"),
        (asked(authorization="Bearer"), None),
        (asked(), None),
    ],
    ids=[
        "header",
        "spaces",
        "header first",
        "another scheme",
        "address",
        "key",
        "token first",
        "nothing after it",
        "nothing",
    ],
)
def test_a_token_is_taken_from_the_header_then_from_the_address(request_: HTTPConnection, token: str | None) -> None:
    assert credentials.bearer(request_) == token
    assert credentials.address(request_) == "192.0.2.7"


@pytest.mark.parametrize(
    ("text", "place"),
    [(None, None), ("", None), ("0", 0), ("17", 17), ("-1", None), ("1.5", None), ("٣", None), ("9" * 19, None)],
)
def test_a_place_in_the_log_is_a_number_or_none_at_all(text: str | None, place: int | None) -> None:
    assert credentials.position(text) == place
