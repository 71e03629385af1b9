"""A user's live orders are found without reading those that have ended."""

from millrace.common.db.migrations import run

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run("""
    create index orders_user_live on orders (user_id, num desc)
      where state not in ('refused', 'filled', 'cancelled', 'rejected', 'expired');
    """)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
