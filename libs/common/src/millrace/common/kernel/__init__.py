"""Plain Python that every layer may use: ids, money, symbols, time, errors. No third party."""
