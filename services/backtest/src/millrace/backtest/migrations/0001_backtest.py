"""Backtests, their results, and the jobs that run them."""

from millrace.common.db.migrations import common_tables, jobs_table, protect, run

revision = "0001"
down_revision = None


def upgrade() -> None:
    common_tables()
    jobs_table("backtest")
    run("""
    create table backtests (
      id uuid primary key,
      num bigint generated always as identity unique,
      user_id uuid not null,
      name text not null,
      strategy_id uuid not null,
      strategy_num bigint,
      strategy text not null,
      parameters jsonb not null,
      exchange text not null,
      symbols text[] not null,
      timeframes text[] not null,
      start_at timestamptz not null,
      end_at timestamptz not null,
      initial_capital numeric(38,18) not null check (initial_capital > 0),
      mode text not null,
      size numeric(38,18),
      commission numeric(38,18) not null,
      slippage_model text not null,
      slippage numeric(38,18) not null,
      market_impact boolean not null,
      protection text not null,
      origin text,
      status text not null default 'queued'
        check (status in ('queued', 'running', 'completed', 'failed', 'cancelled')),
      estimated_duration double precision not null,
      final_capital numeric(38,18),
      metrics json,
      error text,
      created_at timestamptz not null,
      started_at timestamptz,
      completed_at timestamptz
    );
    create index backtests_user on backtests (user_id, num desc);
    create index backtests_under_way on backtests (user_id) where status in ('queued', 'running');

    create table results (
      backtest_id uuid primary key references backtests on delete cascade,
      user_id uuid not null,
      equity_curve json not null,
      trades json not null,
      skips json not null,
      digest text not null
    );

    -- A backtest stands where its job stands, whoever moved the job: a worker, a sweep after a crash, its owner.
    create function follow_job() returns trigger language plpgsql as $$
    begin
      update backtests set started_at = new.started_at, completed_at = new.finished_at,
        status = case new.state when 'pending' then 'queued' when 'succeeded' then 'completed' else new.state end,
        error = case when new.state = 'failed' then new.error->>'message' end
      where id = new.id;
      return null;
    end $$;
    create trigger jobs_are_followed after update of state on jobs
      for each row when (old.state <> new.state) execute function follow_job();
    """)
    protect("backtest", "backtests", "results")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
