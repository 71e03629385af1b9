"""PostgreSQL: connections by role, units of work with outbox and inbox, migrations, the embedded server."""
