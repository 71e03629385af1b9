"""The check every indicator makes of its period."""


def at_least(least: int, period: int) -> int:
    """`period`, or ValueError when it is too small to mean anything."""
    if period < least:
        raise ValueError(f"period must be at least {least}, not {period}")
    return period
