"""What a bot may do: pure and synchronous."""
