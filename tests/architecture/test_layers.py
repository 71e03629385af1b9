"""Every contract of the layers notices a violation."""

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.architecture.sources import MEMBERS, ROOT

PLANTED = {
    "1": ("services/risk/src/millrace/risk/app/handlers.py", "import millrace.portfolio.domain.ledger"),
    "2": ("services/bots/src/millrace/bots/app/handlers.py", "import millrace.bots.adapters.postgres"),
    "3": ("libs/common/src/millrace/common/stray.py", "'''In no layer.'''"),
    "4": ("libs/strategy/src/millrace/strategy/port.py", "import millrace.strategy.registry"),
    "5": ("libs/venue/src/millrace/venue/orders.py", "import millrace.venue.market"),
    "6": ("libs/common/src/millrace/common/runtime/clocks.py", "import millrace.risk.config"),
    "7": ("services/risk/src/millrace/risk/domain/limits.py", "import asyncpg"),
    "8": ("libs/strategy/src/millrace/strategy/port.py", "import millrace.common.events.market"),
    "9": ("services/execution/src/millrace/execution/app/desk.py", "import asyncpg"),
    "10": ("libs/contracts/src/millrace/contracts/names.py", "import millrace.contracts.vocab"),
    "11": ("services/risk/src/millrace/risk/config.py", "import millrace.contracts.names"),
    "12": ("libs/contracts/src/millrace/contracts/vocab.py", "import fastapi"),
}
# Editable members would be found beside the copy, so site-packages is read without its path files.
PROGRAM = """
import glob, sys
sys.path = [p for p in sys.path if "site-packages" not in p] + glob.glob("*/*/src") + [sys.argv.pop()]
from importlinter.cli import lint_imports_command
lint_imports_command(["--no-cache"])
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The members' code and the contracts, to be spoiled."""
    for member in MEMBERS:
        shutil.copytree(member / "src", tmp_path / member.relative_to(ROOT) / "src", ignore=_data)
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def _data(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".py") and not (Path(folder) / name).is_dir()]


def results(folder: Path) -> dict[str, str]:
    """What the linter says of each contract, by its number."""
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, sysconfig.get_path("purelib")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = dict(re.findall(r"^(\d+)\. .* (KEPT|BROKEN)$", done.stdout, re.MULTILINE))
    assert found, done.stdout + done.stderr
    return found


def test_each_contract_is_broken_by_a_planted_import(copy: Path) -> None:
    for file, line in PLANTED.values():
        with (copy / file).open("a") as planted:
            planted.write(f"\n{line}\n")
    contracts = re.findall(r"^name = (\d+)\.", (copy / ".importlinter").read_text(), re.MULTILINE)
    assert results(copy) == dict.fromkeys(contracts, "BROKEN")
