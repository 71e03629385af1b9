"""Turns services into running processes: settings, lifecycle, consumers, supervision, the command line."""
