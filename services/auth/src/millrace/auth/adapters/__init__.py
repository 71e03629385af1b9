"""Hashing, signing and storage of the auth service."""
