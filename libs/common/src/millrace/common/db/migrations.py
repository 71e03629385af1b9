"""What a migration file says, in plain SQL."""

from importlib.resources import files

from alembic import op


def run(sql: str) -> None:
    """Run a script of one or more statements inside the migration's transaction."""
    connection = op.get_bind().connection.dbapi_connection
    assert connection is not None
    connection.run_async(lambda raw: raw.execute(sql))


def common_tables() -> None:
    """Create inbox, outbox, sequences and dead letters; the first step of every service's first migration."""
    run(files("millrace.common.db").joinpath("common.sql").read_text())


def jobs_table(schema: str) -> None:
    """Create the tables of durable jobs (millrace.common.jobs); users see the jobs they own, and no schedules."""
    run(files("millrace.common.db").joinpath("jobs.sql").read_text())
    protect(schema, "jobs")
    run(f"""
        alter table job_schedules enable row level security;
        create policy worker on job_schedules to {schema}_worker using (true) with check (true);
    """)


def protect(schema: str, *tables: str, column: str = "user_id") -> None:
    """Row-level security: `<schema>_user` sees the rows whose `column` is the current tenant, the worker sees all."""
    for table in tables:
        run(f"""
            alter table {table} enable row level security;
            create policy worker on {table} to {schema}_worker using (true) with check (true);
            create policy tenant on {table} to {schema}_user
              using ({column} = nullif(current_setting('millrace.tenant', true), '')::uuid)
              with check ({column} = nullif(current_setting('millrace.tenant', true), '')::uuid);
        """)
