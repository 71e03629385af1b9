"""The strategies that come with the platform."""
