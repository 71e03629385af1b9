"""The commands that look at a platform, while it runs and while it does not."""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.cli.program import Started, millrace


def test_status_says_where_it_runs_and_how_it_is(running: dict[str, str]) -> None:
    done = millrace("status", "--data-dir", running["data_dir"], "-o", "json")
    assert done.code == 0
    assert done.json["address"] == running["address"]
    assert set(done.json["services"].values()) == {"ok"}
    assert running["address"] in millrace("status", "--data-dir", running["data_dir"]).out


def test_status_survives_a_spoilt_state_file(running: dict[str, str]) -> None:
    file = Path(running["data_dir"]) / "platform.json"
    text = file.read_text()
    file.write_text("[]")
    try:
        done = millrace("status", "--data-dir", running["data_dir"])
    finally:
        file.write_text(text)
    assert done.code == 5
    assert "does not say where it answers" in done.err


def test_the_doctor_is_content_with_a_running_platform(running: dict[str, str]) -> None:
    done = millrace("doctor", "--data-dir", running["data_dir"], "-o", "json")
    assert done.code == 0, done.out


def test_the_books_are_verified_while_the_platform_trades(running: dict[str, str]) -> None:
    done = millrace("verify", "--data-dir", running["data_dir"], "-o", "json")
    assert done.code == 0, done.out
    assert {"I1", "I11", "DLQ"} <= {row["check"] for row in done.json}


def test_the_newest_events_are_shown(running: dict[str, str]) -> None:
    shown = millrace("events", "tail", "market.candles.v1", "-n", "5", "--data-dir", running["data_dir"])
    lines = [json.loads(line) for line in shown.out.splitlines()]
    assert len(lines) == 5
    assert {line["topic"] for line in lines} == {"market.candles.v1"}
    key = lines[0]["key"]
    only = millrace("events", "tail", "market.candles.v1", "--key", key, "--data-dir", running["data_dir"])
    assert {json.loads(line)["key"] for line in only.out.splitlines()} == {key}
    people = millrace(
        "events", "tail", "market.candles.v1", "-n", "1", "--data-dir", running["data_dir"], "-o", "table"
    )
    assert "market.candle_closed.v1" in people.out


def test_events_are_followed_until_interrupted_each_once(running: dict[str, str]) -> None:
    command = ["events", "tail", "market.candles.v1", "-f", "-n", "3", "--data-dir", running["data_dir"]]
    with Started(*command) as tail:
        found = [json.loads(tail.line()) for _ in range(8)]
        assert tail.stop(2).code == 130
    places = [(line["key"], line["seq"]) for line in found]
    assert len(set(places)) == 8


@pytest.mark.parametrize("name", ["ann", "bea"])
def test_a_user_is_added_while_the_platform_runs(running: dict[str, str], name: str) -> None:
    asked = ["--username", name, "--email", f"{name}@example.com", "--role", "viewer", "--password-stdin"]
    done = millrace(
        "user", "add", *asked, "--data-dir", running["data_dir"], "-o", "json", stdin="A good Passphrase 1\n"
    )
    assert done.code == 0, done.err
    assert done.json["role"] == "viewer"
    again = millrace("user", "add", *asked, "--data-dir", running["data_dir"], stdin="A good Passphrase 1\n")
    assert again.code == 4
    assert "CONFLICT" in again.err


def test_a_user_is_added_before_the_platform_has_ever_run(tmp_path: Path) -> None:
    asked = ["--username", "ann", "--email", "ann@example.com", "--password-stdin", "--data-dir", tmp_path]
    weak = millrace("user", "add", *asked, stdin="short\n")
    assert weak.code == 4
    assert "password" in weak.err
    done = millrace("user", "add", *asked, "-o", "json", stdin="A good Passphrase 1\n")
    assert done.code == 0, done.err
    assert millrace("migrate", "--data-dir", tmp_path, "-o", "json").json["migrated"]
    assert millrace("migrate", "--data-dir", tmp_path, "-o", "json").json["migrated"] == []
    assert millrace("verify", "--data-dir", tmp_path).code == 0
    assert millrace("dlq", "list", "--data-dir", tmp_path, "-o", "json").json == []


def test_a_parked_message_is_listed_shown_and_redriven(running: dict[str, Any]) -> None:
    folder = running["data_dir"]
    row = asyncio.run(_park(Path(folder)))
    listed = millrace("dlq", "list", "--data-dir", folder, "-o", "json").json
    assert [(r["service"], r["number"], r["state"]) for r in listed] == [("notifier", row, "parked")]
    assert millrace("verify", "--patience", "0", "--data-dir", folder).code == 6
    shown = millrace("dlq", "show", "notifier", str(row), "--data-dir", folder).json
    assert shown["body"] == "{}"
    done = millrace("dlq", "redrive", "notifier", str(row), "--data-dir", folder, "-o", "json")
    assert done.json == {"service": "notifier", "redriven": [row]}
    assert millrace("dlq", "redrive", "notifier", "999", "--data-dir", folder).code == 3
    asyncio.run(_forget(Path(folder)))


async def _connect(folder: Path) -> Any:
    return await asyncpg.connect(f"postgresql://postgres@/postgres?host={folder}/postgres")


async def _park(folder: Path) -> int:
    connection = await _connect(folder)
    number = await connection.fetchval(
        "insert into notifier.dead_letters (topic, key, seq, event_id, headers, body, error) "
        "values ('bots.v1', 'nobody', 1, gen_random_uuid(), '{}', '{}', 'poison') returning number"
    )
    await connection.close()
    return int(number)


async def _forget(folder: Path) -> None:
    connection = await _connect(folder)
    await connection.execute("delete from notifier.dead_letters")
    await connection.close()
