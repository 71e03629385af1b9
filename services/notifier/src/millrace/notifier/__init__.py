"""Telling people: the per-user event log, SSE and WebSocket connections."""
