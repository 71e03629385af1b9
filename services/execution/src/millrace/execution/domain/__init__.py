"""Orders and their life: pure and synchronous."""
