"""What accounts hold by their fills; when orders arrived; halts of disabled users; reports that cannot be booked."""

from millrace.common.db.migrations import run

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run("""
    alter table halts drop constraint halts_scope_check,
      add check (scope in ('bot', 'account', 'user', 'global', 'disabled'));

    create table holdings (
      account_id uuid not null references accounts,
      symbol text not null,
      bot_id uuid,
      quantity numeric(38,18) not null,
      unique nulls not distinct (account_id, symbol, bot_id)
    );
    alter table holdings enable row level security;
    create policy worker on holdings to execution_worker using (true) with check (true);
    insert into holdings (account_id, symbol, bot_id, quantity)
    select o.account_id, o.symbol, o.bot_id, sum(case when o.side = 'buy' then f.quantity else -f.quantity end)
    from fills f join orders o using (order_id) group by 1, 2, 3;
    create index orders_entries on orders (account_id, symbol, bot_id, num)
      where side = 'buy' and filled_quantity > 0;

    -- the time by this service's own clock, where requested_at is the market's in a bot's order
    alter table orders add column received_at timestamptz;
    update orders set received_at = requested_at;
    alter table orders alter column received_at set not null;
    drop index orders_waiting_exits;
    create index orders_waiting_exits on orders (received_at) where state = 'received' and reduce_only;

    create table parked_reports (seq bigint primary key, error text not null, parked_at timestamptz not null);
    """)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
