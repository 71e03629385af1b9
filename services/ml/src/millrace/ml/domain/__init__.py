"""The learned model itself: features, network, learning. What needs numpy is only loaded where it learns."""
