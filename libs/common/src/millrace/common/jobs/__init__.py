"""Durable jobs: work that outlives a request, a process and a crash, kept in a table of the service that runs it."""
