"""The data folder belongs to one platform at a time; a file in it tells others who that is."""

import asyncio
import fcntl
from collections.abc import Mapping
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import orjson

from millrace.common.runtime.failures import REFUSED, Failure

_STATE = "platform.json"


class AlreadyRunning(Failure):
    """Another platform uses the data folder."""

    def __init__(self, folder: Path, state: Mapping[str, Any]) -> None:
        who = f", process {state['pid']} on {state['address']}" if state else ""
        fix = "stop that one, or give this one a folder of its own: --data-dir or MILLRACE_DATA_DIR"
        super().__init__(f"a platform already runs on {folder}{who}", fix, REFUSED)


def lock(folder: Path) -> TextIOWrapper:
    """Take the data folder for this process; the file tells others who has it. Raises AlreadyRunning."""
    folder.mkdir(parents=True, exist_ok=True)
    file = open(folder / _STATE, "a+")  # noqa: SIM115 - held open as long as the process lives
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise AlreadyRunning(folder, _state(folder)) from None
    return file


async def patient_lock(folder: Path) -> TextIOWrapper:
    """`lock`, passing over somebody who only looks whether it is taken."""
    for _ in range(5):
        with suppress(AlreadyRunning):
            return lock(folder)
        await asyncio.sleep(0.05)
    return lock(folder)


def running_state(folder: Path) -> dict[str, Any] | None:
    """Who runs on the data folder: `pid`, `port`, `ops_port`, `address`. None when nobody does.

    Empty for a platform that is just starting, or whose file somebody has spoilt.
    """
    if not (folder / _STATE).is_file():
        return None
    try:
        lock(folder).close()
    except AlreadyRunning:
        return _state(folder)
    return None


def _state(folder: Path) -> dict[str, Any]:
    with suppress(ValueError, TypeError, KeyError, OSError):
        found = orjson.loads((folder / _STATE).read_bytes())
        return {name: found[name] for name in ("pid", "port", "ops_port", "address") if found[name] is not None}
    return {}
