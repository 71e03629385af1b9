"""SIGTERM under load, as `make up` runs it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_a_platform_that_is_stopped_while_it_trades_loses_nothing_and_tells_its_streams() -> None:
    command = [sys.executable, "tools/drain.py", "--bus", "postgres"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "no violation" in done.stdout
