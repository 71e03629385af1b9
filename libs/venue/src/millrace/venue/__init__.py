"""The simulated venue: a deterministic matching engine without I/O."""
