"""What the marketdata service does."""
