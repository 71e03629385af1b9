"""Limits that every user has from the start, those of groups, who wrote last; funds moved between accounts."""

from millrace.common.db.migrations import protect, run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run("""
    alter table limits drop constraint limits_limit_type_check,
      add check (limit_type in ('position_value', 'daily_loss', 'daily_loss_fraction', 'drawdown', 'open_orders')),
      add check (source in ('system', 'user')),
      add column contract text,
      add column group_id uuid check (group_id is null or account_id is not null);
    drop index limits_one;
    create unique index limits_one on limits (user_id, limit_type, coalesce(symbol, ''),
      coalesce(account_id, '00000000-0000-0000-0000-000000000000'),
      coalesce(group_id, '00000000-0000-0000-0000-000000000000'));

    -- a row of the system's stands for the setting; its value says nothing
    insert into limits (id, user_id, limit_type, limit_value, source, created_at, updated_at)
    select gen_random_uuid(), user_id, kind, 0, 'system', now(), now()
    from (select distinct user_id from books) as users,
      unnest(array['position_value', 'daily_loss', 'drawdown', 'open_orders']) as kind on conflict do nothing;

    create table limit_writers (
      user_id uuid primary key,
      contract text,
      written_at timestamptz not null
    );

    create table fund_moves (
      transfer_id uuid primary key,
      user_id uuid not null,
      from_account_id uuid not null references books,
      to_account_id uuid not null references books,
      currency text not null,
      amount numeric(38,18) not null check (amount > 0),
      moved_at timestamptz not null
    );

    alter table books add column day_loss numeric(38,18) not null default 0;
    """)
    protect("risk", "limit_writers", "fund_moves")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
