"""Fixtures for every test of the workspace."""

pytest_plugins = [
    "millrace.common.testing.jobs",
    "millrace.common.testing.mock_kafka",
    "millrace.common.testing.postgres",
    "millrace.common.testing.service",
]
