"""The double-entry ledger, and what is derived from it: balances, positions, equity."""

from millrace.common.db.migrations import common_tables, protect, run

revision = "0001"
down_revision = None


def upgrade() -> None:
    common_tables()
    run("""
    create table accounts (
      account_id uuid primary key,
      user_id uuid not null,
      exchange text not null,
      mode text not null,
      currency text not null,
      opening numeric(38,18) not null,
      equity numeric(38,18) not null,
      best numeric(38,18) not null,
      day date not null,
      day_equity numeric(38,18) not null,
      marked_at timestamptz not null,
      moved boolean not null default false
    );
    create index accounts_user on accounts (user_id);

    create table transactions (
      id uuid primary key,
      num bigint generated always as identity unique,
      account_id uuid not null,
      user_id uuid not null,
      kind text not null check (kind in ('opening', 'fill', 'adjustment')),
      ref text not null,
      at timestamptz not null,
      unique (kind, ref)
    );
    create index transactions_account on transactions (account_id, num);

    create table entries (
      transaction_id uuid not null references transactions,
      leg int not null,
      account_id uuid not null,
      user_id uuid not null,
      book text not null check (book in ('cash', 'venue', 'fees', 'opening', 'suspense')),
      currency text not null,
      amount numeric(38,18) not null,
      primary key (transaction_id, leg)
    );
    create index entries_account on entries (account_id, currency);

    create function entries_balance() returns trigger language plpgsql as $$
    begin
      if exists (
        select from portfolio.entries where transaction_id = new.transaction_id
        group by currency having sum(amount) <> 0
      ) then
        raise exception 'ledger transaction % does not sum to zero', new.transaction_id
          using errcode = 'check_violation';
      end if;
      return null;
    end $$;
    create constraint trigger entries_sum_to_zero after insert on entries
      deferrable initially deferred for each row execute function entries_balance();

    create function append_only() returns trigger language plpgsql as $$
    begin
      raise exception 'the ledger is append-only' using errcode = 'insufficient_privilege';
    end $$;
    create trigger entries_append_only before update or delete or truncate on entries
      for each statement execute function append_only();
    create trigger transactions_append_only before update or delete or truncate on transactions
      for each statement execute function append_only();

    create table balances (
      account_id uuid not null,
      currency text not null,
      user_id uuid not null,
      total numeric(38,18) not null,
      primary key (account_id, currency)
    );

    create table positions (
      id uuid primary key,
      account_id uuid not null,
      user_id uuid not null,
      bot_id uuid,
      exchange text not null,
      symbol text not null,
      quantity numeric(38,18) not null,
      entry_price numeric(38,18) not null,
      realized_pnl numeric(38,18) not null default 0,
      fees numeric(38,18) not null default 0,
      origin text not null,
      opened_at timestamptz not null,
      updated_at timestamptz not null,
      closed_at timestamptz
    );
    create unique index positions_open on positions
      (account_id, symbol, coalesce(bot_id, '00000000-0000-0000-0000-000000000000')) where closed_at is null;
    create index positions_user on positions (user_id, opened_at desc);

    create table trades (
      fill_id uuid primary key,
      num bigint generated always as identity unique,
      order_id uuid not null,
      position_id uuid not null references positions,
      account_id uuid not null,
      user_id uuid not null,
      bot_id uuid,
      exchange text not null,
      symbol text not null,
      side text not null,
      price numeric(38,18) not null,
      quantity numeric(38,18) not null,
      fee numeric(38,18) not null,
      realized_pnl numeric(38,18) not null,
      at timestamptz not null
    );
    create index trades_user on trades (user_id, num desc);

    create table marks (
      exchange text not null,
      symbol text not null,
      price numeric(38,18) not null,
      at timestamptz not null,
      primary key (exchange, symbol)
    );

    create table equity (
      account_id uuid not null,
      at timestamptz not null,
      user_id uuid not null,
      equity numeric(38,18) not null,
      drawdown numeric(38,18) not null,
      primary key (account_id, at)
    );
    """)
    protect("portfolio", "accounts", "transactions", "entries", "balances", "positions", "trades", "equity")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
