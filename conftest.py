"""Fixtures for every test of the workspace."""

pytest_plugins = ["millrace.common.testing.postgres", "millrace.common.testing.service", "millrace.common.testing.jobs"]
