"""Fixtures for every test of the workspace."""

pytest_plugins = [
    "millrace.common.testing.postgres",  # first: the others import it, and pytest wants to rewrite its assertions
    "millrace.common.testing.desk",
    "millrace.common.testing.jobs",
    "millrace.common.testing.mock_kafka",
    "millrace.common.testing.service",
]
