"""The paper venue's markets keep the book they were last seen with, less what was taken from it."""

from millrace.common.db.migrations import run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run("""
    alter table venue_markets alter column price drop not null, alter column bar_at drop not null,
      add column seen_at timestamptz, add column book jsonb;
    """)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
