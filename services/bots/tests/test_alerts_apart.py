"""Tenants are apart in what is new: rows are seen by their owner alone, whatever a query forgets to say."""

from typing import Any

import pytest

from services.bots.tests.floor import signal, user_on

TABLES = ("strategy_runs", "bot_accounts", "modes", "alert_secrets", "alerts", "targets")


@pytest.fixture
async def other(floor: Any) -> Any:
    """A second user, who has a row in every table."""
    found = await user_on(floor.stand)
    bot = await found.bot()
    await found.done("POST", f"/bots/{bot['id']}/accounts/{found.account_id}")
    await found.done("PUT", "/mode", {"mode": "autopilot"})
    await found.alert(takeprofit="90000")
    return found


async def test_row_level_security_hides_every_new_table(floor: Any, other: Any) -> None:
    database = floor.stand.host.running["bots"].database
    for table in TABLES:
        for user, expected in ((other, True), (floor, table == "alert_secrets")):
            async with database.as_user(user.user.user_id) as connection:
                rows = await connection.fetch(f"select user_id from {table}")
            assert bool(rows) is expected, table
            assert {row["user_id"] for row in rows} <= {user.user.user_id}


async def test_a_user_sees_nothing_of_the_others_alerts_secrets_and_mode(floor: Any, other: Any) -> None:
    assert (await floor.ask("GET", "/mode")).value()["mode"] == "testing"
    await floor.done("DELETE", "/webhook/secret")
    assert (await floor.ask("GET", "/webhook/secret")).value()["exists"] is False
    assert (await other.ask("GET", "/webhook/secret")).value()["exists"] is True
    seen = [await floor.ask("GET", path) for path in ("/bots", "/strategies", "/accounts", "/webhook/secret")]
    told = b"".join(answer.body for answer in seen)
    assert str(other.account_id).encode() not in told
    assert str(other.user.user_id).encode() not in told


async def test_an_id_of_one_user_says_nothing_of_anothers(floor: Any, other: Any) -> None:
    await floor.bot()
    for one in (floor, other):
        assert (await one.send(signal(id="same"))).value()["repeated"] is False


async def test_a_viewer_and_a_key_for_reading_make_no_secret(floor: Any) -> None:
    for user in (
        type(floor.user)(floor.user.user_id, "trader", "viewer"),
        type(floor.user)(floor.user.user_id, "trader", "trader", scopes=frozenset({"read"})),
    ):
        for method in ("PUT", "DELETE"):
            answer = await floor.stand.ask("bots", method, "/webhook/secret", user)
            assert (answer.status, answer.json()["error"]["code"]) == (403, "PERMISSION_DENIED")
        assert (await floor.stand.ask("bots", "GET", "/webhook/secret", user)).status == 200


async def test_without_an_identity_only_alerts_are_heard(floor: Any) -> None:
    for method, path in (("GET", "/bots"), ("GET", "/mode"), ("PUT", "/webhook/secret"), ("POST", "/strategies")):
        answer = await floor.stand.ask("bots", method, path, None)
        assert (answer.status, answer.json()["error"]["code"]) == (401, "AUTH_REQUIRED")
    assert (await floor.stand.ask("bots", "POST", "/webhook/tradingview", None, json={})).status == 422


async def test_no_answer_or_log_line_tells_a_secret(floor: Any, capsys: pytest.CaptureFixture[str]) -> None:
    await floor.bot()
    answers = [await floor.send(signal(), secret=floor.secret), await floor.send(signal(size="x"), secret=floor.secret)]
    answers.append(await floor.send(b"nonsense", secret=floor.secret, raw="not base64"))
    assert [answer.status for answer in answers] == [200, 422, 422]
    for answer in answers:
        assert floor.secret.encode() not in answer.body
    printed = capsys.readouterr()
    assert floor.secret not in printed.out + printed.err
