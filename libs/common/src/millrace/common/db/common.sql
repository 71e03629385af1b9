-- What every service's schema holds. Run by its first migration, as the owner, with the schema as search path.
create table sequences (topic text, key text, seq bigint not null, primary key (topic, key));

create table inbox (
  event_id uuid primary key,
  topic text not null,
  key text not null,
  seq bigint not null,
  received_at timestamptz not null default now()
);
create index inbox_age on inbox using brin (received_at) with (autosummarize = on);

create table outbox (
  number bigint generated always as identity primary key,
  topic text not null,
  partition int not null,
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
  said_at timestamptz not null default now(),
  published_at timestamptz
);
create index outbox_unpublished on outbox (number) where published_at is null;
create index outbox_age on outbox using brin (published_at) with (autosummarize = on);

create table dead_letters (
  number bigint generated always as identity primary key,
  topic text not null,
  key text not null,
  seq bigint not null,
  event_id uuid not null unique,
  headers jsonb not null,
  body bytea not null,
  error text not null,
  state text not null default 'parked' check (state in ('parked', 'redrive', 'done', 'discarded')),
  parked_at timestamptz not null default now(),
  done_at timestamptz
);
create index dead_letters_live on dead_letters (topic, key) where state in ('parked', 'redrive');
