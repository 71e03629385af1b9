"""Requests that may be sent again, and what was answered."""

from millrace.common.db.migrations import protect, run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run("""
    create table requests (
      user_id uuid not null,
      route text not null,
      key text not null,
      fingerprint bytea not null,
      intent_id uuid not null,
      claimed_at timestamptz not null,
      status int,
      kind text,
      body bytea,
      primary key (user_id, route, key)
    );
    create index requests_age on requests using brin (claimed_at) with (autosummarize = on);
    """)
    protect("gateway", "requests")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
