"""What the execution service does with each message and question."""
