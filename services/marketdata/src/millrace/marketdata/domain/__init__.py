"""Rules of market data: building candles, finding gaps, keeping a book, playing a tape. Plain Python without I/O."""
