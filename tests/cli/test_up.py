"""`millrace up`: one platform a folder, all of it or nothing, and again on the same data."""

import signal
import socket
import time
from pathlib import Path

import aiohttp
import pytest

from tests.cli.program import Started, free_port, millrace, processes_of, seconds_to_health
from tests.e2e.client import until


async def test_a_platform_starts_says_where_it_is_and_starts_again(tmp_path: Path) -> None:
    port = free_port()
    folder = tmp_path / "data"
    variables = {"MILLRACE_PORT": str(port), "MILLRACE_DATA_DIR": str(folder)}
    with Started("up", **variables) as platform:
        await seconds_to_health(f"http://127.0.0.1:{port}", time.monotonic())
        lines = [platform.line()]
        while "Ctrl-C" not in lines[-1]:
            lines.append(platform.line())
        assert len(lines) <= 8
        assert any(f"http://localhost:{port}/?ticket=" in line for line in lines)
        assert any("password" in line and "shown once" in line for line in lines)
        assert any("admin" in line and f"http://localhost:{port}/?invite=" in line for line in lines)
        ended = platform.stop(signal.SIGINT)
        assert (ended.code, ended.out) == (0, "")
    assert processes_of(folder) == []
    with Started("up", **variables) as platform:  # how quickly is measured by bench/start.py
        await seconds_to_health(f"http://127.0.0.1:{port}", time.monotonic())
        lines = [platform.line() for _ in range(3)]
        assert "password shown at the first start" in lines[2]
        assert platform.stop().code == 0


async def test_a_killed_platform_starts_again_on_its_data(tmp_path: Path) -> None:
    folder, port = tmp_path / "data", free_port()
    for number in (signal.SIGKILL, signal.SIGTERM):
        with Started("up", "--port", str(port), "--data-dir", folder) as platform:
            await seconds_to_health(f"http://127.0.0.1:{port}", time.monotonic())
            assert platform.stop(number).code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    await until(lambda: _gone(folder))


async def _gone(folder: Path) -> bool:
    return processes_of(folder) == []


async def test_the_one_time_link_signs_in_once(running: dict[str, str]) -> None:
    address, ticket = running["sign_in"].split("/?ticket=")
    async with aiohttp.ClientSession(address) as session:
        answers = []
        for _ in range(2):
            async with session.post("/console/api/ticket", json={"ticket": ticket}) as answer:
                answers.append(answer.status)
        async with session.post(
            "/api/v1/auth/login", json={"username": "demo", "password": running["password"]}
        ) as answer:
            answers.append(answer.status)
    assert answers == [200, 401, 200]


async def test_the_demo_users_bots_have_capital_of_their_own(running: dict[str, str]) -> None:
    async with aiohttp.ClientSession(running["address"]) as session:
        terms = {"username": "demo", "password": running["password"]}
        async with session.post("/api/v1/auth/login", json=terms) as answer:
            token = (await answer.json())["access_token"]
        async with session.get("/api/bots", headers={"authorization": f"Bearer {token}"}) as answer:
            bots = (await answer.json())["bots"]
    assert bots
    for bot in bots:
        assert bot["initial_capital"] > 0
        assert bot["current_capital"] == pytest.approx(bot["initial_capital"] + bot["total_profit"])


async def test_the_first_start_prints_a_link_for_one_administrator_and_the_command_line_adds_more(
    running: dict[str, str],
) -> None:
    address, code = running["admin"].split("/?invite=")
    roles = []
    async with aiohttp.ClientSession(address) as session:
        for name in ("first", "second"):
            terms = {"username": name, "email": f"{name}@example.com", "password": "Correct-Horse-7"}
            async with session.post("/api/v1/auth/register", json={**terms, "invite_code": code}) as answer:
                assert answer.status == 201, await answer.text()
                token = (await answer.json())["access_token"]
            headers = {"authorization": f"Bearer {token}", "x-api-contract": "application"}
            async with session.get("/api/v1/auth/permissions", headers=headers) as answer:
                roles.append((await answer.json())["data"]["role"])
    assert roles == ["admin", "viewer"]  # contract application knows no traders
    options = ("--username", "third", "--email", "third@example.com", "--data-dir", running["data_dir"])
    done = millrace("user", "add", "--admin", "--password-stdin", "-o", "json", *options, stdin="Correct-Horse-7\n")
    assert (done.code, done.json["role"]) == (0, "admin"), done.err


def test_a_second_platform_on_the_same_folder_is_refused(running: dict[str, str]) -> None:
    done = millrace("up", "--port", "0", "--data-dir", running["data_dir"])
    assert done.code == 4
    assert "already runs on" in done.err
    assert running["address"] in done.err
    assert "fix: " in done.err


def test_a_taken_port_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = millrace("up", "--port", str(port), "--data-dir", tmp_path / "data")
    assert done.code == 4
    assert f"port {port} on 127.0.0.1 is taken" in done.err
    assert "fix: " in done.err
    assert not (tmp_path / "data" / "postgres").exists()


def test_a_start_that_fails_half_way_leaves_no_process_behind(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    done = millrace("up", "--port", "0", "--data-dir", folder, MILLRACE_MARKETDATA_FILE=str(tmp_path / "nothing.csv"))
    assert done.code == 3
    assert "nothing.csv" in done.err
    assert (folder / "postgres").exists()
    assert processes_of(folder) == []


async def test_a_signal_during_the_start_ends_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with Started("up", "--port", "0", "--data-dir", folder) as platform:
        await until(lambda: _exists(folder / "platform.json"))
        assert platform.stop(seconds=30).code == 0
    assert processes_of(folder) == []


async def _exists(path: Path) -> bool:
    return path.exists()
