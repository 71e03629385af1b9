"""Whether it may: limits, reservations, approvals, kill switches, risk events."""
