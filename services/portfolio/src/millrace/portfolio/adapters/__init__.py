"""Storage of the portfolio service."""
