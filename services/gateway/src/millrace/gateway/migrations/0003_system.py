"""What the platform's own health was worth an alert, and the durable jobs that users ask for."""

from millrace.common.db.migrations import jobs_table, run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run("""
    create table system_alerts (
      id uuid primary key,
      component text not null,
      severity text not null check (severity in ('low', 'medium', 'high', 'critical')),
      message text not null,
      triggered_at timestamptz not null,
      resolved_at timestamptz
    );
    create unique index system_alerts_active on system_alerts (component) where resolved_at is null;
    create index system_alerts_newest on system_alerts (triggered_at desc);
    """)
    jobs_table("gateway")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
