"""Second factors, API keys, invites, password resets, attempts to sign in, and jobs that send mail."""

from millrace.common.db.migrations import jobs_table, protect, run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    jobs_table("auth")
    run("""
    alter table users rename column origin to origin_contract;
    alter table users add column first_name text;
    alter table users add column currency text not null default 'ZAR';
    alter table users add column contract text;
    alter table users add column totp_secret bytea;
    alter table users add column totp_enabled_at timestamptz;
    -- the newest time step a code was taken of: no code works twice
    alter table users add column totp_step bigint not null default 0;
    update users set first_name = split_part(full_name, ' ', 1) where full_name is not null;

    alter table sessions add column used_at timestamptz;
    update sessions set used_at = created_at;
    alter table sessions alter column used_at set not null;
    alter table sessions add column claimed_ip text not null default '';
    alter table sessions add column device_type text not null default '';
    alter table sessions add column device bytea;
    alter table sessions add column contract text;
    alter table sessions add column hint text;

    create table recovery_codes (
      hash bytea primary key,
      user_id uuid not null references users,
      used_at timestamptz
    );
    create index recovery_codes_user on recovery_codes (user_id);

    create table password_resets (
      hash bytea primary key,
      user_id uuid not null references users,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      used_at timestamptz
    );
    create index password_resets_user on password_resets (user_id);

    create table api_keys (
      id uuid primary key,
      user_id uuid not null references users,
      name text not null,
      prefix text not null,
      hash bytea not null unique,
      scopes text[] not null,
      contract text,
      addresses text[] not null,
      created_at timestamptz not null,
      expires_at timestamptz,
      last_used_at timestamptz,
      revoked_at timestamptz
    );
    create index api_keys_user on api_keys (user_id);

    -- made by an administrator; or by nobody, for the first administrator
    create table invites (
      id uuid primary key,
      hash bytea not null unique,
      user_id uuid,
      role text not null check (role in ('admin', 'trader', 'exporter', 'viewer')),
      email text,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      used_at timestamptz,
      used_by uuid references users,
      revoked_at timestamptz
    );

    -- of names as they were typed, known or not; source '*' counts those from everywhere
    create table login_failures (
      name bytea,
      source text,
      failures int not null,
      until timestamptz not null,
      primary key (name, source)
    );
    alter table login_failures enable row level security;
    create policy worker on login_failures to auth_worker using (true) with check (true);
    """)
    protect("auth", "recovery_codes", "password_resets", "api_keys", "invites")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
