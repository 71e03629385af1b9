"""Books in PostgreSQL. A book's row is locked from its first reading to the end of the transaction."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.events.risk import RiskAlertRaised
from millrace.common.events.trading import AccountOpened
from millrace.common.kernel.clock import from_millis
from millrace.risk.adapters import sql
from millrace.risk.config import RiskSettings
from millrace.risk.domain.alerts import Watch
from millrace.risk.domain.book import Balance, Book, Exposure
from millrace.risk.domain.limits import Level, effective
from millrace.risk.domain.orders import Reservation

_EPOCH = from_millis(0)
_BOOK = ("open_orders", "tokens", "tokens_at", "day_pnl", "drawdown", "marked_at", "day_loss")
_LIMIT = ("limit_type", "symbol", "limit_value", "warning_threshold", "critical_threshold")
_RESERVATION = (
    "order_id",
    "symbol",
    "buying",
    "currency",
    "decided_at",
    "approval_id",
    "amount",
    "left_over",
    "unbought",
    "filled_quantity",
    "filled_notional",
    "fees",
    "version",
    "open",
)
_ALERT = (
    "alert_id",
    "user_id",
    "account_id",
    "alert_type",
    "severity",
    "message",
    "symbol",
    "current_value",
    "limit_value",
    "action_taken",
    "triggered_at",
)


class PostgresBooks:
    """Reads and writes all books of a unit of work at once."""

    def __init__(self, system: RiskSettings) -> None:
        self._system = system

    async def open(self, work: Work, account: AccountOpened, limits: Mapping[str, UUID], at: datetime) -> None:
        await work.connection.execute(
            sql.OPEN,
            account.account_id,
            account.user_id,
            self._system.orders_burst,
            _EPOCH,
            account.currency,
            account.initial_balance,
            list(limits.values()),
            list(limits),
            at,
        )

    async def load(self, work: Work, accounts: Collection[UUID], orders: Collection[UUID]) -> dict[UUID, Book]:
        # a statement of its own: what follows must see what the last holder of these locks has committed
        locked = {row["account_id"]: row for row in await work.connection.fetch(sql.LOCK, list(accounts))}
        rows = await work.connection.fetch(sql.READ, list(locked), list(orders))
        return {row["account_id"]: self._book(locked[row["account_id"]], row) for row in rows}

    def _book(self, locked: Any, row: Any) -> Book:
        owner = str(locked["user_id"])
        whole = {("global", "all"), ("user", owner), ("account", f"{owner}/{locked['account_id']}")}
        switches = {(scope, target): f"{reason} ({scope})" for scope, target, reason in row["switches"]}
        bots = {UUID(t.split("/")[1]): why for (scope, t), why in switches.items() if scope == "bot"}
        reservations = [Reservation(**dict(zip(_RESERVATION, found, strict=True))) for found in row["reservations"]]
        return Book(
            user_id=locked["user_id"],
            limits=effective(self._system, [dict(zip(_LIMIT, found, strict=True)) for found in row["limits"]]),
            **{name: locked[name] for name in _BOOK},
            balances={currency: Balance(total, reserved) for currency, total, reserved in row["balances"]},
            exposures={symbol: Exposure(*amounts) for symbol, *amounts in row["exposures"]},
            reservations={found.order_id: found for found in reservations},
            stopped=next((switches[place] for place in sorted(whole) if place in switches), None),
            stopped_bots=bots,
            watch=Watch(
                {(kind, symbol): Level(level) for kind, symbol, level, _ in row["watches"]},
                {(kind, symbol): at for kind, symbol, _, at in row["watches"] if at is not None},
            ),
        )

    async def save(self, work: Work, books: Mapping[UUID, Book]) -> None:
        if not books:
            return
        items = sorted(books.items())
        rows = [
            _columns([(key, *(getattr(book, n) for n in _BOOK)) for key, book in items], 8),
            _columns([(k, b.user_id, c, f.total, f.reserved) for k, b in items for c, f in b.balances.items()], 5),
            _columns(
                [(k, b.user_id, s, e.quantity, e.price, e.buying) for k, b in items for s, e in b.exposures.items()], 6
            ),
            _columns(
                [
                    (k, b.user_id, *(getattr(held, n) for n in _RESERVATION))
                    for k, b in items
                    for held in b.reservations.values()
                ],
                16,
            ),
        ]
        await work.connection.execute(sql.WRITE, *(column for table in rows for column in table))
        watched = [
            (k, b.user_id, *key, b.watch.levels.get(key, Level.CALM), b.watch.refused.get(key))
            for k, b in items
            for key in sorted(b.watch.changed)
        ]
        if watched:
            await work.connection.execute(sql.WATCHED, *_columns(watched, 6))


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


class PostgresAlerts:
    """Alert rows."""

    async def add(self, work: Work, alerts: Sequence[RiskAlertRaised]) -> None:
        rows = [tuple(getattr(alert, name) for name in _ALERT) for alert in alerts]
        await work.connection.execute(sql.ALERTS, *_columns(rows, len(_ALERT)))


class PostgresSwitches:
    """Kill switch rows."""

    async def set(
        self, work: Work, scope: str, target: str, user_id: UUID | None, active: bool, reason: str, at: datetime
    ) -> bool:
        await work.connection.execute(sql.CLOSE_GATE)
        return bool(await work.connection.fetch(sql.SWITCH, scope, target, user_id, active, reason, at))
