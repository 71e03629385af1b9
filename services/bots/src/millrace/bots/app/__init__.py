"""What the bots service does with each message and question."""
