"""What the quote currency of a trade was worth when it was booked."""

from millrace.common.db.migrations import run

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run("""
    -- other currency -> what one of the quote currency was worth in it; null: booked before this was kept
    alter table trades add column rates jsonb;
    """)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
