"""Writes requirements/*.txt: every third-party dependency of the members, pinned with hashes, for all platforms.

Usage: python tools/lock.py [--upgrade]   (needs uv in the environment)
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from tomllib import loads

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "requirements"


def declared(member: Path) -> list[str]:
    """What a member's pyproject asks for."""
    found: list[str] = loads((member / "pyproject.toml").read_text())["project"]["dependencies"]
    return found


def members() -> dict[str, Path]:
    """Each member's distribution name and folder."""
    folders = [p.parent for kind in ("libs", "services") for p in sorted(ROOT.glob(f"{kind}/*/pyproject.toml"))]
    return {f"millrace-{folder.name}": folder for folder in folders}


def closure(name: str, known: dict[str, Path]) -> set[str]:
    """The third-party dependencies of a member and of the members it stands on."""
    wanted: set[str] = set()
    for dependency in declared(known[name]):
        wanted |= closure(dependency, known) if dependency in known else {dependency}
    return wanted


def compile_lock(target: str, wanted: set[str], constraint: str | None, extra: list[str]) -> None:
    """Resolve into requirements/<target>.txt."""
    with tempfile.NamedTemporaryFile("w", suffix=".in") as source:
        source.write("\n".join(sorted(wanted)) + "\n")
        source.flush()
        command = [sys.executable, "-m", "uv", "pip", "compile", "--universal", "--python-version", "3.11"]
        command += ["--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
        command += ["--quiet", source.name, "-o", str(FOLDER / f"{target}.txt"), *extra]
        if constraint:
            command += ["-c", str(FOLDER / f"{constraint}.txt")]
        subprocess.run(command, check=True, cwd=ROOT)


def main() -> None:
    """Lock development first; everything else takes its versions from there."""
    known, extra = members(), sys.argv[1:]
    everything = set().union(*(closure(name, known) for name in known))
    tools = {line for line in (FOLDER / "dev.in").read_text().splitlines() if line}
    compile_lock("dev", everything | tools, None, extra)
    compile_lock("all", everything, "dev", extra)
    compile_lock("uv", {"uv"}, "dev", extra)
    for name, folder in known.items():
        if folder.parent.name == "services":
            compile_lock(folder.name, closure(name, known), "dev", extra)


if __name__ == "__main__":
    main()
