"""Accounts of one's own with sealed keys, groups of them, intents that outlive a restart, and who changed what."""

from millrace.common.db.migrations import protect, run

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run("""
    create table groups (
      id uuid primary key,
      num bigint generated always as identity unique,
      user_id uuid not null,
      name text not null,
      description text not null default '',
      max_drawdown numeric(38,18),
      target_monthly_roi numeric(38,18),
      risk_limit numeric(38,18),
      settings jsonb not null default '{}',
      created_at timestamptz not null,
      updated_at timestamptz not null,
      unique (user_id, name)
    );

    alter table accounts drop constraint accounts_mode_check,
      add constraint accounts_mode_check check (mode in ('paper', 'testnet', 'live')),
      add column account_type text not null default 'spot',
      add column settings jsonb not null default '{}',
      add column notes jsonb not null default '[]',
      add column group_id uuid references groups on delete set null,
      add column has_keys boolean not null default false,
      add column keys_valid boolean,
      add column last_check timestamptz,
      add column balances jsonb,
      add column synced_at timestamptz,
      add column updated_at timestamptz,
      add column deleted_at timestamptz;
    create index accounts_group on accounts (group_id) where group_id is not null;

    create table credentials (
      account_id uuid primary key references accounts,
      user_id uuid not null,
      wrapped bytea not null,
      sealed bytea not null,
      sealed_at timestamptz not null
    );

    -- one wish with several legs; while it is working the legs still to come are owed
    create table intents (
      intent_id uuid primary key,
      num bigint generated always as identity unique,
      user_id uuid not null,
      kind text not null check (kind in ('group', 'close', 'terminate')),
      scope text not null check (scope in ('group', 'account', 'bot')),
      target uuid not null,
      asked jsonb not null,
      cancelled uuid[] not null default '{}',
      refusals jsonb not null default '[]',
      state text not null default 'working' check (state in ('working', 'done')),
      created_at timestamptz not null,
      ended_at timestamptz
    );
    create index intents_working on intents (num) where state = 'working';

    create table audit (
      num bigint generated always as identity primary key,
      user_id uuid not null,
      action text not null,
      subject uuid not null,
      outcome text not null,
      at timestamptz not null
    );
    create index audit_user on audit (user_id, num desc);

    create policy tenant on holdings to execution_user
      using (exists (select from accounts a where a.id = account_id));
    create index orders_bot on orders (bot_id, num desc) where bot_id is not null;
    create index orders_account on orders (account_id, num desc);
    create index fills_account on fills (account_id, filled_at);
    """)
    protect("execution", "groups", "credentials", "intents", "audit")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
