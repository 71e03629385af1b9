"""Storage of the backtest service, and the services it asks."""
