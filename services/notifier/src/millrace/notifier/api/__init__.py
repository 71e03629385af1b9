"""The streams."""
