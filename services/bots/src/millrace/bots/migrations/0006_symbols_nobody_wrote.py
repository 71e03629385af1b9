"""The symbols of bots that strategies run were written by no client: each contract tells them in its own spelling."""

from millrace.common.db.migrations import run

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run("update bots set spelling = '' where managed_by is not null")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
