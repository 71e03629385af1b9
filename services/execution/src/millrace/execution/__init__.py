"""Getting it done: accounts, orders, fills, venue adapters, reconciliation."""
