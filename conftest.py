"""Fixtures for every test of the workspace."""

import os
from functools import partial

from millrace.auth.adapters import hashing
from millrace.common.jobs import process

# Tests keep every processor busy, and what gives way to everything else would come to nothing beside them.
# test_hashing.py and test_priority.py have the real thing, and so has every platform that a test starts as one.
hashing.HASHERS.ask = hashing.answer
process.MANNERS = partial(os.nice, 0)

pytest_plugins = [
    "millrace.common.testing.postgres",  # first: the others import it, and pytest wants to rewrite its assertions
    "millrace.common.testing.desk",
    "millrace.common.testing.jobs",
    "millrace.common.testing.mock_kafka",
    "millrace.common.testing.service",
]
