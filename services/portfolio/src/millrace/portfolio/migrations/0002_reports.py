"""Numbers for positions, one equity point a minute, and transfers between wallets."""

from millrace.common.db.migrations import protect, run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run("""
    alter table positions add column num bigint generated always as identity unique;
    create index positions_closed on positions (user_id, closed_at) where closed_at is not null;
    create index trades_position on trades (position_id, num);

    -- the minute that a point belongs to; the close at its end is still its own
    alter table equity add column minute timestamptz not null generated always as
      (date_bin('1 minute', at, timestamptz '1970-01-01 00:00:00.000001+00')) stored;
    delete from equity e using equity later
      where later.account_id = e.account_id and later.minute = e.minute and later.at > e.at;
    alter table equity add unique (account_id, minute);
    alter table accounts add column thinned_at timestamptz;

    alter table transactions drop constraint transactions_kind_check,
      add check (kind in ('opening', 'fill', 'adjustment', 'transfer'));
    create index transactions_moved on transactions (user_id, at) where kind in ('opening', 'adjustment', 'transfer');

    create table transfers (
      id uuid primary key,
      num bigint generated always as identity unique,
      user_id uuid not null,
      from_provider text not null,
      to_provider text not null,
      from_account_id uuid references accounts,
      to_account_id uuid references accounts,
      amount numeric(38,18) not null check (amount > 0),
      currency text not null,
      status text not null
        check (status in ('requested', 'approved', 'rejected', 'completed', 'failed', 'cancelled')),
      moves_money boolean not null,
      reason text not null,
      message text not null,
      correlation_id uuid not null,
      idempotency_key text,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      unique (user_id, idempotency_key)
    );
    create index transfers_user on transfers (user_id, num desc);
    create index transfers_under_way on transfers (updated_at) where status = 'approved' and moves_money;
    """)
    protect("portfolio", "transfers")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
