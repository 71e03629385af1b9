"""Asking in words: conversations, and plans that wait for a confirmation."""
