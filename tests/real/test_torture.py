"""The promises that need real servers and dead processes."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]


def run(*command: str) -> str:
    """The output of one of the tools; its failure is the test's."""
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr[-3000:])
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_the_digest_is_equal_embedded_twice_and_with_a_process_per_service_on_kafka() -> None:
    assert "equal" in run("tools/digest.py", "--bars", "2000")


@pytest.mark.parametrize("bus", ["postgres", "kafka"])
def test_ten_kills_lose_and_double_nothing(bus: str) -> None:
    assert "no violation" in run("tools/crash.py", "--kills", "10", "--seed", "7", "--bus", bus)


def test_a_frozen_zombie_writes_nothing_when_it_wakes() -> None:
    assert "no violation" in run("tools/zombie.py", "--rounds", "2")


def test_a_distributed_platform_that_is_stopped_while_it_trades_loses_nothing() -> None:
    assert "no violation" in run("tools/drain.py", "--bus", "kafka")
