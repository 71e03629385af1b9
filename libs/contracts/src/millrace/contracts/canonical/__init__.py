"""What all contracts speak about: fractions not percents, `Decimal`, UTC, `BTC/USDT`, a UUID and a number."""
