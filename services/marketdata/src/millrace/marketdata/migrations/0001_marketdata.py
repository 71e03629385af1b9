"""Candles, and how far a recorded feed has been played."""

from millrace.common.db.migrations import common_tables, run

revision = "0001"
down_revision = None


def upgrade() -> None:
    common_tables()
    run("""
    create table candles (
      exchange text not null,
      symbol text not null,
      timeframe text not null,
      opened_at timestamptz not null,
      open numeric(38,18) not null,
      high numeric(38,18) not null,
      low numeric(38,18) not null,
      close numeric(38,18) not null,
      volume numeric(38,18) not null,
      primary key (exchange, symbol, timeframe, opened_at)
    );
    create table feeds (name text primary key, position bigint not null);
    """)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
