-- The embedded bus: one log for all topics, in the database the services use.
create schema if not exists bus;

create table if not exists bus.ends (topic text, partition int, position bigint not null, primary key (topic, partition));

create table if not exists bus.log (
  topic text not null,
  partition int not null,
  position bigint not null,
  key text not null,
  seq bigint not null,
  id uuid not null,
  type text not null,
  source text not null,
  time timestamptz not null,
  tenant uuid,
  correlation uuid,
  causation uuid,
  traceparent text,
  stage int not null default 0,
  body bytea not null,
  appended_at timestamptz not null default now(),
  primary key (topic, partition, position)
);

create table if not exists bus.readers (
  reader text,
  topic text,
  partition int,
  position bigint not null,
  primary key (reader, topic, partition)
);

do $$ begin
  if not exists (select from pg_roles where rolname = 'millrace_bus') then create role millrace_bus nologin; end if;
end $$;
grant usage on schema bus to millrace_bus;
grant select, insert, update on bus.ends, bus.readers to millrace_bus;
grant select, insert, delete on bus.log to millrace_bus;
