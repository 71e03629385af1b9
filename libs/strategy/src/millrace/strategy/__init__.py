"""Strategies: the port they implement, incremental indicators, sizing, and the built-in ones."""
