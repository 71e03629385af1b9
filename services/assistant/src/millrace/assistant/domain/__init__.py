"""Understanding what was typed, and the seal under a plan."""
