"""A refused order is told apart from how near a limit is, and is not active for ever."""

from millrace.common.db.migrations import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run("""
    alter table watches add column refused_at timestamptz;
    alter table alerts add column told_at timestamptz not null default now();
    -- these two know no level of their own: what was noted of them were refusals; of a position it cannot be told
    delete from watches where kind in ('order_rate', 'price_collar') or kind = 'position_value' and level = 3;
    """)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
