"""What each user is told, in order."""

from millrace.common.db.migrations import common_tables, protect, run

revision = "0001"
down_revision = None


def upgrade() -> None:
    common_tables()
    run("""
    create table streams (user_id uuid primary key, seq bigint not null);
    create table events (
      user_id uuid not null,
      seq bigint not null,
      kind text not null,
      body jsonb not null,
      at timestamptz not null,
      noted_at timestamptz not null default now(),
      primary key (user_id, seq)
    );
    create index events_noted on events using brin (noted_at);
    """)
    protect("notifier", "streams", "events")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
