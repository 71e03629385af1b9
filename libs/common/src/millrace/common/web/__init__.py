"""HTTP for every service: apps, errors, exact JSON, and clients of one another."""
