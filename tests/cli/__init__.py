"""Tests of the `millrace` program as people and scripts run it."""
