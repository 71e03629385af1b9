"""The other services."""
