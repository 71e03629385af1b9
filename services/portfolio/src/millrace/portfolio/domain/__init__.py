"""Ledger and positions: pure, synchronous, exact."""
