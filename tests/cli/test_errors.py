"""Whatever is wrong: one line that says so, a line that says what to do, and the exit code of `--help`."""

from importlib.metadata import version
from pathlib import Path

import pytest

from millrace.common.runtime.cli import EXIT_CODES
from tests.cli.program import millrace

NOWHERE = "127.0.0.1:1"


def test_the_exit_codes_are_documented() -> None:
    help_text = " ".join(millrace("--help").out.split())
    assert EXIT_CODES in help_text


def test_the_version_is_told() -> None:
    assert millrace("--version").out == f"millrace {version('millrace-common')}\n"


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "said"),
    [
        (["up"], {"MILLRACE_PORT": "abc"}, 2, "MILLRACE_PORT: "),
        (["up"], {"MILLRACE_BUS": "nats"}, 2, "MILLRACE_BUS: "),
        (["up", "--port", "0"], {"MILLRACE_MASTER_KEY": "changeme"}, 2, "MILLRACE_MASTER_KEY is too weak"),
        (["up", "--port", "0"], {"MILLRACE_HOST": "203.0.113.7"}, 1, "cannot listen on 203.0.113.7"),
        (["up", "--port", "0"], {"MILLRACE_RISK_MAX_DRAWDOWN": "x"}, 2, "MILLRACE_RISK_MAX_DRAWDOWN: "),
        (["migrate"], {"MILLRACE_DATABASE_URL": "mysql://root@localhost/x"}, 2, "MILLRACE_DATABASE_URL: "),
        (["verify"], {"MILLRACE_DATABASE_URL": f"postgresql://u:secret@{NOWHERE}/x"}, 5, "cannot be reached"),
        (["run", "risk"], {"MILLRACE_DATABASE_URL": f"postgresql://u:secret@{NOWHERE}/x"}, 5, "cannot be reached"),
        (["up", "--port", "0"], {"MILLRACE_BUS": "kafka", "MILLRACE_KAFKA": NOWHERE}, 5, "Kafka cannot be reached"),
        (["up", "--port", "0"], {"MILLRACE_BUS": "kafka"}, 2, "MILLRACE_KAFKA"),
        (["up"], {"MILLRACE_INSTRUMENTS": "SOL/USDT"}, 2, "MILLRACE_INSTRUMENTS: "),
        (["run", "billing"], {}, 3, "there is no service 'billing'"),
        (["replay", "--bus", "kafka"], {}, 2, "MILLRACE_KAFKA"),
        (["replay", "--data", "nothing.csv", "--bars", "5"], {}, 3, "nothing.csv"),
        (["replay", "--against", "nothing.txt"], {}, 3, "nothing.txt"),
        (["replay", "--symbol", "WHAT", "--bars", "5"], {}, 4, "INVALID_SYMBOL"),
        (["replay", "--strategy", "luck", "--bars", "5"], {}, 3, "there is no strategy 'luck'"),
        (["events", "tail", "weather.v1"], {}, 3, "there is no topic 'weather.v1'"),
        (["events", "tail", "bots.v1"], {"MILLRACE_BUS": "kafka", "MILLRACE_KAFKA": NOWHERE}, 5, "cannot be reached"),
        (["dlq", "show", "gateway", "1"], {}, 3, "there is no service 'gateway'"),
        (["dlq", "list"], {}, 3, "there is no platform in"),
        (["verify"], {}, 3, "there is no platform in"),
        (["status"], {}, 5, "no platform runs on"),
    ],
)
def test_an_error_says_what_is_wrong_and_how_to_mend_it(
    tmp_path: Path, arguments: list[str], variables: dict[str, str], code: int, said: str
) -> None:
    variables = {"MILLRACE_DATA_DIR": str(tmp_path / "data"), "MILLRACE_START_SECONDS": "0", **variables}
    done = millrace(*arguments, **variables)
    assert said in done.err
    assert done.code == code, done.err
    assert "\nfix: " in done.err
    assert "secret" not in done.err
    assert done.out == ""


@pytest.mark.parametrize("command", [["up", "--port", "0"], ["migrate"], ["user", "add", "--password-stdin"]])
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "file").write_text("")
    if command[0] == "user":
        command = [*command, "--username", "ann", "--email", "ann@example.com"]
    done = millrace(*command, stdin="SecurePass123!\n", MILLRACE_DATA_DIR=str(tmp_path / "file" / "data"))
    assert done.code == 4, done.err
    assert f"{tmp_path / 'file'} is not a folder\n" in done.err
    assert "fix: name a folder" in done.err


@pytest.mark.parametrize(
    "arguments", [["status", "-o", "yaml"], ["replay", "--bus", "redis"], ["up", "--feed", "rumours"], ["nothing"]]
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert millrace(*arguments).code == 2


def test_a_spoilt_state_file_is_no_accident(tmp_path: Path) -> None:
    (tmp_path / "platform.json").write_text("{")
    assert millrace("status", "--data-dir", tmp_path).code == 5
    assert millrace("doctor", "--data-dir", tmp_path, "-o", "json").json


def test_the_doctor_keeps_the_warnings_of_others_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    done = millrace("doctor", "--data-dir", tmp_path, "-o", "json")
    assert done.err == ""


def test_the_doctor_finds_what_is_wrong(tmp_path: Path) -> None:
    variables = {
        "MILLRACE_BUS": "kafka",
        "MILLRACE_KAFKA": NOWHERE,
        "MILLRACE_DATABASE_URL": f"postgresql://{NOWHERE}/x",
        "MILLRACE_INTERNAL_KEY": "password-password-password-password",
        "MILLRACE_DATA_DIR": str(tmp_path / "file"),
    }
    (tmp_path / "file").write_text("")
    done = millrace("doctor", "-o", "json", **variables)
    wrong = {row["check"] for row in done.json if not row["ok"]}
    assert wrong == {"data folder", "keys", "PostgreSQL", "Kafka"}
    assert all(row["fix"] for row in done.json if not row["ok"])
    assert done.code == 6
