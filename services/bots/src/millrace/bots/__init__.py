"""What should be traded: strategies, bots and the running strategies."""
