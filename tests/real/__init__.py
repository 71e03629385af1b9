"""Tests on real servers and in a real browser: the truth tier."""
