"""What the auth service does."""
