"""Models, what they have learned, their trainings and predictions; and the jobs that train."""

from millrace.common.db.migrations import common_tables, jobs_table, run

revision = "0001"
down_revision = None

_SHARED = ("models", "weights", "trainings", "predictions")


def upgrade() -> None:
    common_tables()
    jobs_table("ml")
    run("""
    -- a row is one version; a family is all versions of a model; those without a user are the system's, for everybody
    create table models (
      id uuid primary key,
      num bigint generated always as identity unique,
      user_id uuid,
      family uuid not null,
      name text not null,
      model_type text not null,
      exchange text not null,
      symbol text not null,
      timeframe text not null,
      version int not null,
      is_active boolean not null default false,
      validation_score numeric(7,6) not null default 0 check (validation_score between 0 and 1),
      test_score numeric(7,6) not null default 0 check (test_score between 0 and 1),
      features text[] not null,
      due_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create unique index models_active on models
      (family, coalesce(user_id, '00000000-0000-0000-0000-000000000000')) where is_active;
    create index models_user on models (user_id, num);
    create index models_due on models (due_at) where is_active;

    create table weights (
      model_id uuid primary key references models on delete cascade,
      user_id uuid,
      parameters bytea not null
    );

    create table trainings (
      id uuid primary key,
      num bigint generated always as identity unique,
      user_id uuid,
      family uuid not null,
      model_id uuid not null references models,
      new_model_id uuid references models,
      status text not null default 'started' check (status in ('started', 'completed', 'failed', 'cancelled')),
      start_at timestamptz not null,
      end_at timestamptz not null,
      validation_split numeric(7,6) not null,
      hyperparameters jsonb not null,
      estimated_seconds double precision not null,
      error text,
      created_at timestamptz not null,
      finished_at timestamptz
    );
    create unique index trainings_under_way on trainings
      (family, coalesce(user_id, '00000000-0000-0000-0000-000000000000')) where status = 'started';
    create index trainings_user on trainings (user_id, num desc);

    create table predictions (
      id uuid primary key,
      num bigint generated always as identity unique,
      user_id uuid,
      model_id uuid not null references models on delete cascade,
      exchange text not null,
      symbol text not null,
      prediction_type text not null,
      base numeric(38,18) not null,
      predicted numeric(38,18) not null,
      confidence numeric(7,6) not null check (confidence between 0 and 1),
      actual numeric(38,18),
      at timestamptz not null,
      created_at timestamptz not null,
      unique (model_id, prediction_type, at)
    );
    create index predictions_at on predictions (at desc, num desc);
    create index predictions_open on predictions (model_id, at) where actual is null;

    -- A training stands where its job stands, whoever moved the job: a worker, a sweep after a crash, its owner.
    create function follow_job() returns trigger language plpgsql as $$
    begin
      update trainings set finished_at = new.finished_at,
        status = case when new.state in ('pending', 'running') then 'started'
          when new.state = 'succeeded' then 'completed' else new.state end,
        error = case when new.state = 'failed' then new.error->>'message' end
      where id = new.id;
      return null;
    end $$;
    create trigger jobs_are_followed after update of state on jobs
      for each row when (old.state <> new.state) execute function follow_job();
    """)
    for table in _SHARED:
        run(f"""
        alter table {table} enable row level security;
        create policy worker on {table} to ml_worker using (true) with check (true);
        create policy tenant on {table} to ml_user
          using (user_id is null or user_id = nullif(current_setting('millrace.tenant', true), '')::uuid)
          with check (user_id = nullif(current_setting('millrace.tenant', true), '')::uuid);
        """)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
