"""A bot waits for the order of one signal, however long that takes, and for no other's."""

from millrace.common.db.migrations import run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run("alter table bots add column waiting_for uuid")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
