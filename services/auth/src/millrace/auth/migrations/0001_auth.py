"""Users, sessions, signing keys and one-time tickets."""

from millrace.common.db.migrations import common_tables, protect, run

revision = "0001"
down_revision = None


def upgrade() -> None:
    common_tables()
    run("""
    create table users (
      id uuid primary key,
      num bigint generated always as identity unique,
      username text not null,
      email text not null,
      password_hash text not null,
      full_name text,
      role text not null check (role in ('admin', 'trader', 'exporter', 'viewer')),
      is_active boolean not null default true,
      preferences jsonb not null default '{}',
      origin text not null,
      created_at timestamptz not null
    );
    create unique index users_username on users (lower(username));
    create unique index users_email on users (lower(email));

    create table sessions (
      id uuid primary key,
      user_id uuid not null references users,
      user_agent text not null default '',
      ip text not null default '',
      created_at timestamptz not null,
      expires_at timestamptz not null,
      ended_at timestamptz,
      ended_reason text
    );
    create index sessions_user on sessions (user_id);

    create table signing_keys (
      kid text primary key,
      sealed bytea not null,
      public jsonb not null,
      created_at timestamptz not null
    );

    create table tickets (
      hash bytea primary key,
      user_id uuid not null references users,
      expires_at timestamptz not null,
      used_at timestamptz
    );
    """)
    protect("auth", "sessions", "tickets")
    protect("auth", "users", column="id")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
