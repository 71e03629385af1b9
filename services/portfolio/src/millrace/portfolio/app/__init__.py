"""What the portfolio service does with each message and question."""
