"""Streams and what goes into them: pure."""
