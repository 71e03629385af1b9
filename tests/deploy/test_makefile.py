"""`make` finds its way from whatever Python a machine has, or says what is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
GOOD = 'echo "venv $*" >>calls; exit 0'
NO_PIP = 'case "$*" in *"-m uv"*|*"-m pip"*) exit 1;; esac; exit 0'


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout without members, on a machine without uv."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "all.txt").write_text("")
    (tmp_path / "bin").mkdir()
    for name in ("bash", "sh", "make", "touch", "cp", "mkdir"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or name)
    script(tmp_path / "good", GOOD)
    return tmp_path


def make(checkout: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["make", ".venv/.runtime", "PYTHON=./python"],
        cwd=checkout,
        env={**{k: v for k, v in os.environ.items() if not k.startswith("MAKE")}, "PATH": str(checkout / "bin")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def calls(checkout: Path) -> list[str]:
    return (checkout / "calls").read_text().splitlines()


MAKES_ONE = 'echo "python $*" >>calls; case "$2" in venv) mkdir -p .venv/bin && cp good .venv/bin/python;; esac'


@pytest.mark.parametrize("left_behind", [None, NO_PIP, "exit 127"], ids=["none", "without pip", "broken"])
def test_an_environment_that_cannot_install_is_made_anew(checkout: Path, left_behind: str | None) -> None:
    script(checkout / "python", MAKES_ONE)
    if left_behind:
        script(checkout / ".venv" / "bin" / "python", left_behind)
    done = make(checkout)
    assert done.returncode == 0, done.stderr
    assert "python -m venv --clear .venv" in calls(checkout)
    assert any("pip install" in call for call in calls(checkout))


def test_an_environment_that_works_is_kept(checkout: Path) -> None:
    script(checkout / "python", MAKES_ONE)
    script(checkout / ".venv" / "bin" / "python", GOOD)
    assert make(checkout).returncode == 0
    assert [call for call in calls(checkout) if call.startswith("python")] == []


def test_a_machine_without_venv_is_told_what_to_install_every_time(checkout: Path) -> None:
    script(checkout / "no-pip", NO_PIP)
    script(
        checkout / "python",
        'case "$2" in venv) mkdir -p .venv/bin && cp no-pip .venv/bin/python; exit 1;; esac; exit 0',
    )
    for _ in range(2):
        done = make(checkout)
        assert done.returncode != 0
        assert "apt-get install python3-venv" in done.stderr


def test_an_old_python_is_named_in_one_line(checkout: Path) -> None:
    lie = "import sys; sys.version_info = (3, 9, 2); sys.version = chr(51) + '.9.2 (x)'; exec(sys.argv[1])"
    script(checkout / "python", f'exec {sys.executable} -c "{lie}" "$2"')
    done = make(checkout)
    assert done.returncode != 0
    assert "Millrace needs Python 3.11 or newer; this is 3.9.2: make .venv/.runtime PYTHON=" in done.stderr
    assert "apt-get" not in done.stderr
    assert not (checkout / ".venv").exists()
