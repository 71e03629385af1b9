"""Users' own strategies and their runs, bots' capital and links, the system mode, and alerts from outside."""

from millrace.common.db.migrations import protect, run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run("""
    alter table accounts add column name text not null default '', add column mode text not null default 'paper',
      add column closed_at timestamptz;

    alter table strategies drop column is_active, add column bound text, add column config jsonb not null default '{}',
      add column symbols text[] not null default '{}', add column timeframes text[] not null default '{}',
      add column is_paper_trading boolean not null default true,
      add column max_position_size numeric(38,18), add column max_drawdown numeric(38,18);
    update strategies set bound = strategy_type;
    alter table strategies alter column bound set not null;
    create index strategies_user on strategies (user_id, num);

    create table strategy_runs (
      user_id uuid not null,
      strategy_id uuid not null references strategies on delete cascade,
      is_active boolean not null,
      autopilot boolean not null default false,
      started_at timestamptz,
      stopped_at timestamptz,
      capital numeric(38,18) not null,
      max_position_size numeric(38,18),
      max_drawdown numeric(38,18),
      profit numeric(38,18) not null default 0,
      peak numeric(38,18) not null default 0,
      primary key (user_id, strategy_id)
    );

    alter table bots add column base_name text not null default '',
      add column trading_mode text not null default 'paper' check (trading_mode in ('paper', 'live')),
      add column risk_mode text not null default 'balanced',
      add column initial_capital numeric(38,18) not null default 0,
      add column flow numeric(38,18) not null default 0, add column last_price numeric(38,18),
      add column managed_by uuid, add column held_by uuid, add column held_reason text,
      add column held_at timestamptz, add column held_active boolean not null default false;
    -- what bots earned before is not told here: from now on they are counted from what their positions cost
    update bots set base_name = name, flow = -cost;
    create index bots_managed on bots (user_id, managed_by) where managed_by is not null;
    create index bots_strategy on bots (user_id, strategy_id);
    create index bots_name on bots (name) where status <> 'deleted';
    create index bots_base_name on bots (base_name) where status <> 'deleted';
    alter table bot_orders add column fees numeric(38,18) not null default 0;

    create table bot_accounts (
      bot_id uuid not null references bots,
      account_id uuid not null,
      user_id uuid not null,
      num bigint generated always as identity,
      linked_at timestamptz not null,
      primary key (bot_id, account_id)
    );
    create index bot_accounts_account on bot_accounts (account_id);

    create table modes (
      user_id uuid primary key,
      mode text not null check (mode in ('testing', 'live_trading', 'autopilot')),
      changed_at timestamptz not null
    );

    create table alert_secrets (
      user_id uuid primary key,
      salt bytea not null,
      hash bytea not null unique,
      created_at timestamptz not null,
      used_at timestamptz
    );
    create table alerts (
      user_id uuid not null,
      alert bytea not null,
      named boolean not null,
      taken_at timestamptz not null,
      answer jsonb,
      primary key (user_id, alert)
    );
    create index alerts_taken on alerts (user_id, taken_at);

    create table targets (
      signal_id uuid primary key,
      bot_id uuid not null references bots,
      user_id uuid not null,
      account_id uuid not null,
      exchange text not null,
      symbol text not null,
      price numeric(38,18) not null,
      quantity numeric(38,18) not null default 0
    );
    create index targets_market on targets (exchange, symbol) where quantity > 0;
    """)
    protect("bots", "strategy_runs", "bot_accounts", "modes", "alert_secrets", "alerts", "targets")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
