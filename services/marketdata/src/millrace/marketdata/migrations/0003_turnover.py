"""What a source tells of a candle besides its prices and its volume; null where it does not."""

from millrace.common.db.migrations import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run("alter table candles add column quote_volume numeric(38,18), add column trades integer")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
