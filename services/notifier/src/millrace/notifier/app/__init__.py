"""What the notifier does with each message and question."""
