"""One running platform for the commands that look at it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import Started


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What `millrace up -o json` says on a fresh folder: address, sign_in, password, data_dir ..."""
    folder: Path = tmp_path_factory.mktemp("running") / "data"
    with Started("up", "--port", "0", "--data-dir", folder, "-o", "json") as platform:
        line = platform.line()
        assert line, platform.process.communicate()[1]
        yield json.loads(line)
        assert platform.stop().code == 0
