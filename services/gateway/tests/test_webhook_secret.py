"""The secret that stands in the webhook's address reaches the bots service and nobody else, whatever goes wrong."""

from typing import Any

import pytest
import structlog

from millrace.common.telemetry import metrics
from services.gateway.tests.endpoint_door import Door

SECRET = "whsec-canary-5d1e"
PATH = f"/api/v1/webhook/tradingview/{SECRET}"
ALERT = {"symbol": "BTCUSDT", "botname": "b", "side": "buy", "size": "1"}


@pytest.mark.parametrize(
    "wrong", [ZeroDivisionError("broken"), ConnectionRefusedError("the database is away")], ids=repr
)
@pytest.mark.parametrize("beginning", ["", "/contracts/application", "/contracts/crypto"])
async def test_a_failure_says_nothing_of_it(wrong: Exception, beginning: str) -> None:
    with structlog.testing.capture_logs() as said:
        reply = await Door(signals_take=wrong).ask("POST", beginning + PATH, ALERT)
    assert reply.status in (500, 503)
    assert said
    assert SECRET not in str(said)
    assert "/api/v1/webhook/tradingview/{secret}" in str(said)
    assert SECRET not in str(reply.body) + str(reply.headers)


@pytest.mark.parametrize("body", [ALERT, {}, b"no json", b""])
async def test_neither_do_answers_and_metrics(start_door: Any, body: Any) -> None:
    door = await start_door("auth")
    with structlog.testing.capture_logs() as said:
        sent = {"data": body} if isinstance(body, bytes) else {"json": body}
        status, found, headers = await door.ask("POST", PATH, **sent)
    assert status in (400, 422, 503), found
    assert SECRET not in str(said) + str(found) + str(dict(headers))
    assert SECRET.encode() not in metrics.render()


async def test_a_wrong_method_or_address_does_not_repeat_it(start_door: Any) -> None:
    door = await start_door("auth")
    with structlog.testing.capture_logs() as said:
        for method, path in (
            ("GET", PATH),
            ("POST", f"{PATH}/more"),
            ("PUT", PATH),
            ("POST", f"/contracts/nobody{PATH}"),
        ):
            status, found, _ = await door.ask(method, path)
            assert status in (404, 405)
            assert SECRET not in str(found)
    assert SECRET not in str(said)
    assert SECRET.encode() not in metrics.render()


async def test_the_whole_gateway_counts_it_under_its_route(start_door: Any) -> None:
    door = await start_door("auth")
    for path in (PATH, f"/contracts/application{PATH}"):
        await door.ask("POST", path, ALERT)
    assert 'route="/api/v1/webhook/tradingview/{secret}"' in metrics.render().decode()
