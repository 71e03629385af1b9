-- Durable jobs of one service, and the schedules that make some of them. See millrace.common.jobs.
create table jobs (
  id uuid primary key,
  name text not null,
  user_id uuid,
  arguments jsonb not null,
  state text not null default 'pending' check (state in ('pending', 'running', 'succeeded', 'failed', 'cancelled')),
  priority int not null default 0,
  run_after timestamptz not null,
  dedupe_key text,
  tries int not null default 0,
  max_tries int not null check (max_tries > 0),
  cancel_requested boolean not null default false,
  -- who runs it: counts the claims, so that a worker which lost its lease cannot write any more
  epoch bigint not null default 0,
  worker text,
  lease_until timestamptz,
  progress double precision not null default 0 check (progress between 0 and 1),
  note text not null default '',
  checkpoint jsonb,
  result jsonb,
  error jsonb,
  traceparent text,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz
);
create index jobs_due on jobs (priority desc, run_after, id) where state = 'pending';
create index jobs_running on jobs (lease_until) where state = 'running';
create index jobs_states on jobs (state);
create index jobs_finished on jobs (finished_at) where finished_at is not null;
create index jobs_user on jobs (user_id, id desc);
create unique index jobs_alive on jobs (name, dedupe_key, coalesce(user_id, '00000000-0000-0000-0000-000000000000'))
  where state in ('pending', 'running');

create table job_schedules (
  name text primary key,
  every_seconds double precision not null check (every_seconds > 0),
  next_at timestamptz not null
);
