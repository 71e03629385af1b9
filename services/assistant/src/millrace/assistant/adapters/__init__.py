"""The other services, and a language model."""
