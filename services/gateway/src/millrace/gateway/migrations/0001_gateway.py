"""What every service has; the gateway keeps nothing else yet."""

from millrace.common.db.migrations import common_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    common_tables()


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
