"""Rules of the edge."""
