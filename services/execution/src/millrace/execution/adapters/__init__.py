"""Storage and venues of the execution service."""
