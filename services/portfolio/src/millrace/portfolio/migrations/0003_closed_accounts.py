"""Accounts that their owners deleted, and when an interrupted transfer was last tried."""

from millrace.common.db.migrations import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run("""
    alter table accounts add column closed_at timestamptz;
    alter table transfers add column tried_at timestamptz;
    drop index transfers_under_way;
    create index transfers_under_way on transfers (coalesce(tried_at, updated_at))
      where status = 'approved' and moves_money;
    """)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
