"""The market, and the processes that learn."""
