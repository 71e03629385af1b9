"""Books, balances, positions, reservations, limits, switches and alerts."""

from millrace.common.db.migrations import common_tables, protect, run

revision = "0001"
down_revision = None


def upgrade() -> None:
    common_tables()
    run("""
    create table books (
      account_id uuid primary key,
      user_id uuid not null,
      open_orders int not null default 0 check (open_orders >= 0),
      tokens double precision not null,
      tokens_at timestamptz not null,
      day_pnl numeric(38,18) not null default 0,
      drawdown numeric(38,18) not null default 0,
      marked_at timestamptz
    );
    create index books_user on books (user_id);

    create table balances (
      account_id uuid not null references books,
      currency text not null,
      user_id uuid not null,
      total numeric(38,18) not null default 0,
      reserved numeric(38,18) not null default 0 check (reserved >= 0),
      primary key (account_id, currency)
    );

    create table exposures (
      account_id uuid not null references books,
      symbol text not null,
      user_id uuid not null,
      quantity numeric(38,18) not null default 0,
      price numeric(38,18) not null default 0,
      buying numeric(38,18) not null default 0 check (buying >= 0),
      primary key (account_id, symbol)
    );

    create table reservations (
      order_id uuid primary key,
      approval_id uuid unique,
      account_id uuid not null references books,
      user_id uuid not null,
      symbol text not null,
      buying boolean not null,
      currency text not null,
      amount numeric(38,18) not null check (amount >= 0),
      left_over numeric(38,18) not null check (left_over >= 0),
      unbought numeric(38,18) not null check (unbought >= 0),
      filled_quantity numeric(38,18) not null default 0,
      filled_notional numeric(38,18) not null default 0,
      fees numeric(38,18) not null default 0,
      version int not null,
      open boolean not null,
      decided_at timestamptz not null
    );
    create index reservations_open on reservations (account_id) where open;

    create table limits (
      id uuid primary key,
      num bigint generated always as identity unique,
      user_id uuid not null,
      account_id uuid references books,
      limit_type text not null check (limit_type in ('position_value', 'daily_loss', 'drawdown')),
      symbol text check (symbol is null or limit_type = 'position_value'),
      limit_value numeric(38,18) not null check (limit_value >= 0),
      warning_threshold numeric(9,4) not null default 80,
      critical_threshold numeric(9,4) not null default 95,
      enabled boolean not null default true,
      source text not null default 'system',
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create unique index limits_one on limits
      (user_id, limit_type, coalesce(symbol, ''), coalesce(account_id, '00000000-0000-0000-0000-000000000000'));

    create table switches (
      scope text not null check (scope in ('bot', 'account', 'user', 'global')),
      target text not null,
      user_id uuid,
      active boolean not null,
      reason text not null,
      changed_at timestamptz not null,
      primary key (scope, target)
    );

    create table watches (
      account_id uuid not null references books,
      kind text not null,
      symbol text not null,
      user_id uuid not null,
      level int not null,
      primary key (account_id, kind, symbol)
    );

    create table alerts (
      id uuid primary key,
      num bigint generated always as identity unique,
      user_id uuid not null,
      account_id uuid,
      alert_type text not null,
      severity text not null,
      message text not null,
      symbol text,
      current_value numeric(38,18),
      limit_value numeric(38,18),
      action_taken text not null,
      active boolean not null default true,
      triggered_at timestamptz not null
    );
    create index alerts_user on alerts (user_id, triggered_at desc);
    """)
    protect("risk", "books", "balances", "exposures", "reservations", "limits", "switches", "watches", "alerts")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
