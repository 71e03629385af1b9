"""What we have: the double-entry ledger, positions, balances, trades, equity."""
