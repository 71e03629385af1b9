"""Accounts, orders, fills, and the paper venue's own books."""

from millrace.common.db.migrations import common_tables, protect, run

revision = "0001"
down_revision = None


def upgrade() -> None:
    common_tables()
    run("""
    create table accounts (
      id uuid primary key,
      num bigint generated always as identity unique,
      user_id uuid not null,
      name text not null,
      exchange text not null,
      mode text not null check (mode in ('paper', 'live')),
      currency text not null,
      initial_balance numeric(38,18) not null,
      is_active boolean not null default true,
      lease_owner text,
      lease_epoch bigint not null default 0,
      created_at timestamptz not null
    );
    create index accounts_user on accounts (user_id);

    -- who sends, matches and books: one process at a time; its epoch is the lease_epoch of every account it owns
    create table leases (name text primary key, owner text, epoch bigint not null default 0, until timestamptz);
    insert into leases (name) values ('execution');

    -- kill switches as execution heard of them: the last gate before a venue
    create table halts (
      scope text not null check (scope in ('bot', 'account', 'user', 'global')),
      target text not null,
      user_id uuid,
      reason text not null,
      halted_at timestamptz not null,
      unique nulls not distinct (scope, target, user_id)
    );

    create table orders (
      order_id uuid primary key,
      num bigint generated always as identity unique,
      user_id uuid not null,
      account_id uuid not null references accounts,
      bot_id uuid,
      strategy_id uuid,
      intent_id uuid not null,
      leg int not null default 0,
      client_order_id text not null unique,
      client_ref text,
      source text not null,
      origin text not null,
      exchange text not null,
      symbol text not null,
      spelling text not null,
      side text not null,
      order_type text not null,
      quantity numeric(38,18) not null check (quantity > 0),
      price numeric(38,18),
      stop_price numeric(38,18),
      time_in_force text not null,
      reduce_only boolean not null default false,
      reference_price numeric(38,18) not null,
      state text not null,
      filled_quantity numeric(38,18) not null default 0 check (filled_quantity <= quantity),
      filled_notional numeric(38,18) not null default 0,
      fees numeric(38,18) not null default 0,
      version int not null default 1,
      reason text,
      approval_id uuid unique,
      epoch bigint,
      signed_at timestamptz,
      deadline timestamptz,
      cancel_requested_at timestamptz,
      correlation uuid not null,
      requested_at timestamptz not null,
      updated_at timestamptz not null,
      unique (intent_id, leg)
    );
    create unique index orders_client_ref on orders (user_id, client_ref) where client_ref is not null;
    create index orders_user on orders (user_id, num desc);
    create index orders_live on orders (account_id)
      where state not in ('refused', 'filled', 'cancelled', 'rejected', 'expired');

    create table fills (
      fill_id uuid primary key,
      num bigint generated always as identity unique,
      order_id uuid not null references orders,
      account_id uuid not null,
      user_id uuid not null,
      trade_id text not null,
      price numeric(38,18) not null,
      quantity numeric(38,18) not null,
      notional numeric(38,18) not null,
      fee numeric(38,18) not null,
      fee_currency text not null,
      liquidity text not null,
      filled_at timestamptz not null,
      unique (account_id, trade_id)
    );
    create index fills_order on fills (order_id);

    -- the paper venue: an exchange of its own that happens to live in this schema
    create table venue_orders (
      client_order_id text primary key,
      account_id uuid not null,
      exchange text not null,
      symbol text not null,
      resting jsonb,
      placed_at timestamptz not null
    );
    create index venue_orders_resting on venue_orders (exchange, symbol) where resting is not null;

    create table venue_reports (
      seq bigint generated always as identity primary key,
      client_order_id text not null,
      kind text not null,
      body jsonb not null,
      at timestamptz not null
    );
    create unique index venue_reports_once on venue_reports ((body->>'trade_id')) where kind = 'filled';

    create table venue_markets (
      exchange text not null,
      symbol text not null,
      price numeric(38,18) not null,
      bar_at timestamptz not null,
      primary key (exchange, symbol)
    );

    create table watermarks (venue text primary key, seq bigint not null);
    insert into watermarks values ('paper', 0);
    """)
    protect("execution", "accounts", "orders", "fills")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
