"""What services promise each other about the messages on the bus."""
