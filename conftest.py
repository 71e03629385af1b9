"""Fixtures for every test of the workspace."""

from millrace.auth.adapters import hashing

# what gives way to everything else would be waited for in each test that registers somebody: test_hashing.py has the
# processes, and so has every platform that a test starts as one
hashing.HASHERS.ask = hashing.answer

pytest_plugins = [
    "millrace.common.testing.postgres",  # first: the others import it, and pytest wants to rewrite its assertions
    "millrace.common.testing.desk",
    "millrace.common.testing.jobs",
    "millrace.common.testing.mock_kafka",
    "millrace.common.testing.service",
]
