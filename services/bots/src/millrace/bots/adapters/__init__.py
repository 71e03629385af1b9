"""Storage of the bots service, and its view of the market's history."""
