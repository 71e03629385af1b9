"""Storage and feeds of the marketdata service."""
