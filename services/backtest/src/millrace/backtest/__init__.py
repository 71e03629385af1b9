"""What would have happened: strategies run against stored candles."""
