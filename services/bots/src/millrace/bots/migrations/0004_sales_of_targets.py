"""A target is watched until what was bought for it is sold, not only until its sale is signalled."""

from millrace.common.db.migrations import run

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run("alter table targets add column selling uuid, add column sold numeric(38,18) not null default 0")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
