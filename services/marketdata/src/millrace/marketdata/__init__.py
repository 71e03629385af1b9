"""What the market does: platforms, symbols, feeds, candles, order books."""
