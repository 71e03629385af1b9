"""A bot's capital as its owner gave it, in another currency than the pair's: rates move, what was given stays."""

from millrace.common.db.migrations import run

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run("alter table bots add column given numeric(38,18), add column given_in text")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
