"""The simulation and its statistics: pure, synchronous, in exact numbers."""
