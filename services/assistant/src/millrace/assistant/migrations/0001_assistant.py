"""Conversations, and plans with what became of them."""

from millrace.common.db.migrations import common_tables, protect, run

revision = "0001"
down_revision = None


def upgrade() -> None:
    common_tables()
    run("""
    create table messages (
      id uuid primary key,
      num bigint generated always as identity unique,
      user_id uuid not null,
      role text not null check (role in ('user', 'assistant')),
      content text not null,
      at timestamptz not null
    );
    create index messages_user on messages (user_id, num desc);

    -- `seal` binds the token, which is not kept, to the owner, the exact actions and the time they may be confirmed in.
    create table plans (
      id uuid primary key,
      user_id uuid not null,
      actions text not null,
      seal bytea not null,
      proposed_at timestamptz not null,
      expires_at timestamptz not null,
      ended_at timestamptz,
      ended text check (ended in ('confirmed', 'withdrawn')),
      results json,
      check ((ended is null) = (ended_at is null))
    );
    create index plans_open on plans (user_id, expires_at) where ended is null;
    """)
    protect("assistant", "messages", "plans")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
