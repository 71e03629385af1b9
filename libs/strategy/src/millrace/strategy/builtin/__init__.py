"""The strategies that come with Millrace, one a module."""
