"""The rules: pure, synchronous, in exact numbers."""
