"""The topic catalogue: every topic is declared here, once.

Kafka's topics, the embedded log, the AsyncAPI document and the topic map are all made from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

DAY: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class Topic:
    """One stream of messages.

    `readers` maps each reading service to its stage: when a market is replayed in lockstep, a message is given to
    the readers stage by stage, each only when all before it have come to rest. `durable` topics go through the
    outbox; the others are lossy: the latest value of a key wins and nothing of money depends on them. Where `also`
    names further services that say it, each of them counts the sequence of a key for itself.
    """

    name: str
    key: str
    producer: str
    readers: Mapping[str, int]
    durable: bool = True
    partitions: int = 6
    retention_seconds: int = 7 * DAY
    drop_poison: bool = False
    also: tuple[str, ...] = ()
    about: str = field(default="", compare=False)

    @property
    def producers(self) -> tuple[str, ...]:
        """Every service that says it."""
        return (self.producer, *self.also)

    def dead_letters(self, group: str) -> str:
        """Where the messages go that `group` could not apply."""
        return f"{self.name}.dlq.{group}"


_ALL = (
    Topic(
        "users.v1",
        "user_id",
        "auth",
        {"execution": 1, "bots": 1, "notifier": 1},
        about="Users registered, disabled, enabled again; sessions ended, API keys revoked.",
    ),
    Topic(
        "market.candles.v1",
        "exchange:symbol",
        "marketdata",
        {"execution": 1, "portfolio": 2, "bots": 3, "notifier": 3},
        retention_seconds=DAY,
        drop_poison=True,
        about="Closed candles.",
    ),
    Topic(
        "market.ticks.v1",
        "exchange:symbol",
        "marketdata",
        {"execution": 0, "notifier": 0},
        durable=False,
        retention_seconds=3600,
        drop_poison=True,
        about="Prices as they are seen, and forming candles.",
    ),
    Topic(
        "market.books.v1",
        "exchange:symbol",
        "marketdata",
        {"execution": 0, "notifier": 0},
        durable=False,
        retention_seconds=3600,
        drop_poison=True,
        about="Order book tops.",
    ),
    Topic(
        "trading.signals.v1",
        "account_id",
        "bots",
        {"execution": 1, "notifier": 1},
        about="What a strategy wants and why.",
    ),
    Topic(
        "bots.v1",
        "bot_id",
        "bots",
        {"execution": 1, "notifier": 1},
        about="Bots created, started, paused, held, stopped, deleted.",
    ),
    Topic(
        "trading.orders.v1",
        "account_id",
        "execution",
        {"risk": 1, "portfolio": 1, "bots": 1, "notifier": 1},
        about="Accounts opened; orders requested and every change of their state.",
    ),
    Topic(
        "risk.decisions.v1",
        "account_id",
        "risk",
        {"execution": 1},
        about="One answer for every requested order: approved or refused.",
    ),
    Topic("risk.alerts.v1", "user_id", "risk", {"notifier": 1, "execution": 1}, about="Risk events, kill switches."),
    Topic("trading.fills.v1", "account_id", "execution", {"portfolio": 1, "notifier": 1}, about="Booked fills."),
    Topic(
        "portfolio.v1",
        "account_id",
        "portfolio",
        {"bots": 1, "risk": 1, "notifier": 1},
        about="Balances, positions, closed trades and equity marks.",
    ),
    Topic(
        "audit.v1",
        "user_id",
        "auth",
        {},
        retention_seconds=90 * DAY,
        also=("portfolio", "assistant"),
        about="Who did what.",
    ),
)

CATALOGUE: Final[Mapping[str, Topic]] = {topic.name: topic for topic in _ALL}


def heard_by(service: str, *, durable: bool) -> dict[str, int]:
    """The topics that `service` reads, with its stage on each."""
    return {t.name: t.readers[service] for t in _ALL if service in t.readers and t.durable is durable}
