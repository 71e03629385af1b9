"""The service's HTTP API, spoken by the gateway."""
