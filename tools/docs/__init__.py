"""Writes what documentation can be read off the code, and keeps the schemas of the events compatible.

`python -m tools.docs` writes; `python -m tools.docs --check` says what is stale and exits 1.
"""
