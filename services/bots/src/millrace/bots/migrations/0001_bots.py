"""Strategies, bots, and what they know of their accounts and orders."""

from millrace.common.db.migrations import common_tables, protect, run

revision = "0001"
down_revision = None


def upgrade() -> None:
    common_tables()
    run("""
    create table strategies (
      id uuid primary key,
      num bigint generated always as identity unique,
      user_id uuid,
      name text not null,
      description text not null default '',
      strategy_type text not null,
      parameters jsonb not null default '{}',
      is_active boolean not null default false,
      origin text not null,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );

    create table accounts (
      account_id uuid primary key,
      user_id uuid not null,
      exchange text not null,
      currency text not null,
      cash numeric(38,18) not null,
      equity numeric(38,18) not null
    );
    create index accounts_user on accounts (user_id, exchange);

    create table bots (
      id uuid primary key,
      num bigint generated always as identity unique,
      user_id uuid not null,
      account_id uuid not null references accounts,
      name text not null,
      strategy_id uuid not null,
      strategy text not null,
      exchange text not null,
      symbol text not null,
      spelling text not null,
      timeframe text not null,
      config jsonb not null default '{}',
      parameters jsonb not null default '{}',
      status text not null check (status in ('created', 'active', 'paused', 'stopped', 'deleted')),
      origin text not null,
      position numeric(38,18) not null default 0,
      cost numeric(38,18) not null default 0,
      waiting_since timestamptz,
      committed numeric(38,18) not null default 0,
      reason text,
      anchor_at timestamptz,
      last_candle_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create index bots_user on bots (user_id, num);
    create index bots_committed on bots (account_id) where committed > 0;
    create index bots_market on bots (exchange, symbol, timeframe) where status = 'active';

    create table bot_orders (
      order_id uuid primary key,
      bot_id uuid not null references bots,
      user_id uuid not null,
      filled_quantity numeric(38,18) not null,
      filled_notional numeric(38,18) not null,
      version int not null,
      own boolean not null,
      ended boolean not null
    );
    create index bot_orders_live on bot_orders (bot_id) where own and not ended;

    create table skips (
      bot_id uuid not null references bots,
      reason text not null,
      user_id uuid not null,
      count bigint not null,
      last_at timestamptz not null,
      last_values jsonb not null,
      detail text,
      primary key (bot_id, reason)
    );
    """)
    protect("bots", "accounts", "bots", "bot_orders", "skips")
    run("""
    alter table strategies enable row level security;
    create policy worker on strategies to bots_worker using (true) with check (true);
    create policy tenant on strategies to bots_user
      using (user_id is null or user_id = nullif(current_setting('millrace.tenant', true), '')::uuid)
      with check (user_id = nullif(current_setting('millrace.tenant', true), '')::uuid);
    """)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
