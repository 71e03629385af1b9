"""Rules about names and passwords: pure."""
