"""Builds fan_go.go where there is a Go compiler; it is a peer that may be absent."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(__file__).parent / "fan_go.go"
BINARY = Path.home() / ".cache" / "millrace" / "bench" / "fan_go"
GORILLA = "github.com/gorilla/websocket@v1.5.3"


def built() -> str | None:
    """The program's path; None, with the reason printed, where it cannot be built."""
    go = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if go is None:
        print("fanout: no Go compiler, so the Go peer is left out", flush=True)
        return None
    if BINARY.exists() and BINARY.stat().st_mtime > SOURCE.stat().st_mtime:
        return str(BINARY)
    BINARY.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(SOURCE, Path(folder, "main.go"))
        for command in (["mod", "init", "bench"], ["get", GORILLA], ["build", "-o", str(BINARY), "."]):
            done = subprocess.run(
                [go, *command], cwd=folder, env={**os.environ, "GOTOOLCHAIN": "local"}, capture_output=True, text=True
            )
            if done.returncode:
                print(f"fanout: the Go peer is left out: {done.stderr.strip()[-300:]}", flush=True)
                return None
    return str(BINARY)
