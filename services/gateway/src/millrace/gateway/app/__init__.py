"""What the gateway knows of the contracts' words."""
