"""The strategy port, incremental indicators, sizing and the built-in strategies."""
