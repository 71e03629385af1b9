"""What the risk service does with each message and question."""
