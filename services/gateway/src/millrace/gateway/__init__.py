"""The edge: authenticates, limits, routes, speaks the API contracts, serves the console and the docs."""
