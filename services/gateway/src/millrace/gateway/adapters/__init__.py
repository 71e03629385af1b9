"""What the gateway passes on without reading it."""
