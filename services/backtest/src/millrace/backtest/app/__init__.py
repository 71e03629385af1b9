"""What the backtest service does with each request and job."""
