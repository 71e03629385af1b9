"""Fixtures for every test of the workspace."""

import os
import shutil
import tempfile
from functools import partial
from pathlib import Path

from millrace.auth.adapters import hashing
from millrace.common.jobs import process

# Tests keep every processor busy, and what gives way to everything else would come to nothing beside them.
# test_hashing.py and test_priority.py have the real thing, and so has every platform that a test starts as one.
hashing.HASHERS.ask = hashing.answer
process.MANNERS = partial(os.nice, 0)

# A new database is a thousand new files, which takes 150 ms on a disk and 10 in memory. What a passed test leaves is
# removed (see pyproject.toml), so this holds little.
_MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux keeps files in memory
if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 4 * 2**30:
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)

pytest_plugins = [
    "millrace.common.testing.postgres",  # first: the others import it, and pytest wants to rewrite its assertions
    "millrace.common.testing.desk",
    "millrace.common.testing.jobs",
    "millrace.common.testing.mock_kafka",
    "millrace.common.testing.service",
]
