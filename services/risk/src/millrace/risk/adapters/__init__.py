"""Storage of the risk service."""
