"""An approved entry carries a standing approval of its exit; exits sent under one say so."""

from millrace.common.db.migrations import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run("""
    alter table orders add column exit_signature text, add column standing boolean not null default false;
    create index orders_waiting_exits on orders (requested_at) where state = 'received' and reduce_only;
    """)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
