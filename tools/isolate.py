"""Builds what a service's image holds, without Docker, and sees whether the service can live on it alone.

    python tools/isolate.py [SERVICE...]      all services when none is named

Follows deploy/Dockerfile step by step in a temporary folder: its files, its two installs (the locked packages, then the
members without their dependencies), its entry point. An import that is not declared, a package that is not locked and
a member that the image lacks show up here. Exits 1 when a service cannot be loaded or does not start to look for its
database.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SERVICES = sorted(p.parent.name for p in ROOT.glob("services/*/pyproject.toml"))
LOAD = """
from importlib.metadata import entry_points
found = [e for e in entry_points(group="millrace.services")]
assert [e.name for e in found] == ["{service}"], found
found[0].load()
"""
NOWHERE = {"MILLRACE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "MILLRACE_START_SECONDS": "0"}
UNREACHABLE = 5


def steps(service: str) -> tuple[list[list[str]], list[str]]:
    """The Dockerfile's COPYs (sources and target) and its pip commands, for one service."""
    text = (ROOT / "deploy/Dockerfile").read_text().replace("${SERVICE}", service)
    _, build, _ = text.split("\nFROM ")
    copies = [line.split()[1:] for line in build.splitlines() if line.startswith("COPY ")]
    installs = re.findall(r"/venv/bin/pip (install .+)", build)
    return copies, installs


def isolate(service: str, folder: Path) -> None:
    """Build and try one service. Raises CalledProcessError."""
    copies, installs = steps(service)
    for *sources, target in copies:
        for source in sources:
            place = folder / target
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__", "tests"))
            else:
                shutil.copy(ROOT / source, place)
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    for install in installs:
        command = [str(venv / "bin" / "pip"), *install.split(), "-q", "--disable-pip-version-check"]
        subprocess.run(command, cwd=folder, check=True)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MILLRACE_", "PYTHON"))}
    python = str(venv / "bin" / "python")
    subprocess.run([python, "-c", LOAD.format(service=service)], cwd=folder, env=clean, check=True)
    started = [str(venv / "bin" / "millrace"), "run", service]
    variables = {**clean, **NOWHERE, "MILLRACE_DATA_DIR": str(folder / "data"), "MILLRACE_PORT": "0"}
    code = subprocess.run(started, cwd=folder, env=variables, check=False, capture_output=True).returncode
    if code != UNREACHABLE:
        raise subprocess.CalledProcessError(code, started)


def main(names: list[str]) -> int:
    """Try each, one after the other."""
    wrong = []
    for service in names or SERVICES:
        with tempfile.TemporaryDirectory(prefix=f"millrace-{service}-") as folder:
            try:
                isolate(service, Path(folder))
            except subprocess.CalledProcessError as failed:
                wrong.append(service)
                print(f"{service:12} FAILED: {failed}", flush=True)
                continue
            size = sum(f.stat().st_size for f in (Path(folder) / "venv").rglob("*") if f.is_file()) >> 20
            print(f"{service:12} stands alone, {size} MB", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
