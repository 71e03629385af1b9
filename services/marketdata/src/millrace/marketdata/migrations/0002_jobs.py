"""Durable jobs: gaps to be repaired."""

from millrace.common.db.migrations import jobs_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    jobs_table("marketdata")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
