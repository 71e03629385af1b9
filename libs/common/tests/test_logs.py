"""Logs are one JSON object a line, and no secret gets into them, wherever it hides."""

import contextlib
import io
import json
import logging
import sys
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from millrace.common.telemetry import logs
from millrace.common.telemetry.logs import MASK, Rarely, configure, redact

CANARY = "hunter2-canary"
JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl"


@dataclass
class Login:
    """Something with a telling repr."""

    username: str
    password: str


class Rude:
    """An object that cannot even be shown."""

    def __str__(self) -> str:
        raise RuntimeError(CANARY)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the process writes to standard error, logging being set up."""
    found = io.StringIO()
    monkeypatch.setattr(sys, "stderr", found)
    configure("info", "test")
    return found


def lines(said: io.StringIO) -> list[dict[str, Any]]:
    """The log, read."""
    return [json.loads(line) for line in said.getvalue().splitlines()]


@pytest.mark.parametrize(
    "value",
    [
        {"password": CANARY},
        {"Password": CANARY, "passphrase": CANARY, "new_password": CANARY},
        {"headers": [{"Authorization": f"Basic {CANARY}"}, {"set-cookie": CANARY}, {"x-api-key": CANARY}]},
        {"a": [{"b": ({"c": {"api_secret": {"nested": CANARY}}},)}]},
        {"api_key": CANARY, "apiKey": CANARY, "API-KEY": CANARY, "private_key": CANARY, "MILLRACE_MASTER_KEY": CANARY},
        {"refresh_token": CANARY, "ws_ticket": CANARY, "totp_code": CANARY, "signature": CANARY, "credentials": CANARY},
        f"Authorization: Bearer {CANARY}",
        f"authorization='bearer   {CANARY}'",
        f"postgresql://millrace:{CANARY}@db:5432/millrace",
        f"postgresql://millrace:p@ss/{CANARY}@db:5432/millrace",
        f"redis://:{CANARY}@cache:6379",
        f"https://{CANARY}@github.example/repo",
        f"GET /ws?token={CANARY}&x=1",
        f"/?ticket={CANARY}",
        f'{{"username": "ann", "password": "{CANARY}"}}',
        f"{{'api_secret': '{CANARY}'}}",
        f"api_key={CANARY}, retrying",
        f"password: {CANARY}",
        f"signature={CANARY}",
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----",
        f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}",
        f"password={CANARY}".encode(),
        {f"password={CANARY}"},
        Login("ann", CANARY),
        [Login("ann", CANARY)],
        ValueError(f"token={CANARY}"),
        SecretStr(CANARY),
        Rude(),
    ],
)
def test_a_secret_is_masked_at_any_depth_and_in_any_disguise(value: Any, said: io.StringIO) -> None:
    structlog.get_logger().info("something", value=value)
    assert CANARY not in said.getvalue()
    assert len(lines(said)) == 1


def test_a_token_is_masked_wherever_it_stands(said: io.StringIO) -> None:
    structlog.get_logger().info(f"saw {JWT} in {{'x': '{JWT}'}}", other=JWT, deep={"list": [JWT]})
    assert "eyJ" not in said.getvalue()
    assert lines(said)[0]["other"] == MASK


def test_a_secret_in_an_exception_is_masked_and_the_rest_of_the_trace_is_kept(said: io.StringIO) -> None:
    try:
        try:
            raise ConnectionError(f"postgresql://millrace:{CANARY}@db refused")
        except ConnectionError as inner:
            raise ValueError(f"password={CANARY}") from inner
    except ValueError as problem:
        structlog.get_logger().error("failed", exc_info=problem)
        logging.getLogger("some.library").exception("failed too")
    assert CANARY not in said.getvalue()
    for line in lines(said):
        assert "test_logs.py" in line["exception"]
        assert "ValueError: password=***" in line["exception"]
        assert "postgresql://***@db refused" in line["exception"]


def test_a_cycle_and_a_deep_nest_are_logged_without_harm(said: io.StringIO) -> None:
    cycle: dict[str, Any] = {"password": CANARY}
    cycle["again"] = cycle
    deep: Any = {"password": CANARY}
    for _ in range(500):
        deep = [deep]
    structlog.get_logger().info("nested", cycle=cycle, deep=deep)
    assert CANARY not in said.getvalue()


def test_what_is_no_secret_stays_as_it_is() -> None:
    harmless = {
        "amount": Decimal("1.50"),
        "id": UUID(int=7),
        "count": 3,
        "ok": True,
        "none": None,
        "key": "BTC/USDT",
        "path": "/api/bots?limit=5",
        "url": "http://localhost:8000/a?x=1",
        "text": "the order was refused: not enough USDT",
        "passed": 3,
    }
    assert redact(harmless) == harmless
    assert redact({"password": None}) == {"password": None}


_ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(
    st.recursive(
        _ANY_TEXT | st.integers() | st.none() | st.binary(), lambda v: st.lists(v) | st.dictionaries(_ANY_TEXT, v)
    )
)
def test_anything_can_be_redacted_and_written(value: Any) -> None:
    json.loads(logs._dumps({"value": redact(value)}))


def test_a_line_says_when_how_serious_and_which_service(said: io.StringIO) -> None:
    structlog.get_logger().warning("look", order=1)
    (line,) = lines(said)
    assert (line["event"], line["level"], line["service"], line["order"]) == ("look", "warning", "test", 1)
    assert line["timestamp"].endswith("Z")


def test_levels_below_the_chosen_one_are_not_written(said: io.StringIO) -> None:
    for level in ("debug", "info", "warning"):
        with contextlib.redirect_stderr(said):
            configure(level, "test")
        for name in ("debug", "info", "warning", "error"):
            getattr(structlog.get_logger(), name)(f"{name} at {level}")
    assert [line["event"] for line in lines(said)] == [
        f"{name} at {level}"
        for level, names in (
            ("debug", ("debug", "info", "warning", "error")),
            ("info", ("info", "warning", "error")),
            ("warning", ("warning", "error")),
        )
        for name in names
    ]


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="'loud' is not a log level"):
        configure("loud")


def test_libraries_are_heard_from_warnings_on_and_do_not_repeat_themselves(said: io.StringIO) -> None:
    library = logging.getLogger("aiokafka")
    library.info("connected")
    for _ in range(50):
        library.warning("connection to %s failed", "broker")
    library.warning("something else")
    assert [line["event"] for line in lines(said)] == ["connection to broker failed", "something else"]


def test_a_repeated_message_is_let_through_again_after_its_time() -> None:
    rarely = Rarely(5.0)
    record = logging.makeLogRecord({"msg": "again", "created": 100.0})
    later = logging.makeLogRecord({"msg": "again", "created": 104.9})
    much_later = logging.makeLogRecord({"msg": "again", "created": 105.1})
    assert [rarely.filter(r) for r in (record, later, much_later)] == [True, False, True]
