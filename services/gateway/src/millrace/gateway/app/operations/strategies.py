"""Strategies, and signals from outside."""

from base64 import b64encode
from decimal import Decimal
from typing import Any

from millrace.common.kernel.ids import new_id
from millrace.contracts.canonical import bots
from millrace.contracts.canonical.frame import ById, Done, Nothing, Page
from millrace.contracts.canonical.performance import Metrics
from millrace.contracts.canonical.trading import Executed, Signal
from millrace.gateway.app.asking import Asking, Handlers
from millrace.gateway.app.operations.pages import rows
from millrace.gateway.app.operations.refs import origin_of, with_numbers

_ZERO = Decimal(0)
_SAME = (
    *("id", "num", "name", "description", "strategy_type", "is_active", "is_paper_trading", "symbols", "timeframes"),
    *("config", "created_at", "updated_at", "started_at", "stopped_at"),
)


def strategy(row: dict[str, Any]) -> bots.Strategy:
    """A strategy as the bots service tells of one; of one that never traded all numbers are zero."""
    metrics = Metrics(**{name: value if value is not None else _ZERO for name, value in row["metrics"].items()})
    same = {name: row[name] for name in _SAME} | {"config": with_numbers(row["config"]), "origin": origin_of(row)}
    return bots.Strategy(**same, risk={n: v for n, v in row["risk"].items() if v is not None}, metrics=metrics)


async def list_strategies(asking: Asking, asked: bots.ListStrategies) -> Page[bots.Strategy]:
    """The caller's and the built-in ones."""
    query = {
        "is_active": None if asked.is_active is None else str(asked.is_active).lower(),
        "strategy_type": asked.strategy_type,
    }
    found, total = await rows(asking, "bots", "/strategies", query, asked.limit, asked.offset)
    return Page(items=tuple(strategy(row) for row in found), total=total, limit=asked.limit, offset=asked.offset)


async def create(asking: Asking, asked: bots.CreateStrategy) -> bots.Strategy:
    """A strategy, not active yet."""
    sent = {**asked.model_dump(), "config": with_numbers(asked.config), "intent_id": asking.intent}
    return strategy(await asking.ask("bots", "POST", "/strategies", json=sent))


async def update(asking: Asking, asked: bots.UpdateStrategy) -> bots.Strategy:
    """The strategy after the change; it is started or stopped as `is_active` says."""
    sent = {**asked.model_dump(exclude={"id"}), "config": with_numbers(asked.config)}
    return strategy(await asking.ask("bots", "PUT", f"/strategies/{asked.id}", json=sent))


async def start(asking: Asking, asked: ById) -> bots.Strategy:
    """It trades from now on."""
    return strategy(await asking.ask("bots", "POST", f"/strategies/{asked.id}/start"))


async def stop(asking: Asking, asked: ById) -> bots.Strategy:
    """It does not trade any more."""
    return strategy(await asking.ask("bots", "POST", f"/strategies/{asked.id}/stop"))


async def take_signal(asking: Asking, asked: Signal) -> Executed:
    """An alert, once it is known whose it is by its signature or secret; the same alert again does nothing more."""
    sent = {
        "raw": b64encode(asked.raw).decode(),
        "signature": asked.signature or None,
        "user_id": asked.user_id,
        "secret": asked.secret.get_secret_value() if asked.secret else None,
    }
    found = await asking.ask_as_nobody("bots", "POST", "/webhook/tradingview", json=sent)
    names = ("correlation_id", "success_count", "error_count")
    return Executed(**{name: found[name] for name in names}, results=tuple(found["results"]))


async def ready(asking: Asking, asked: Nothing) -> Done:
    """The webhook hears."""
    return Done(at=asking.now, subject=str(new_id()))


HANDLERS: Handlers = {
    "strategies.list": list_strategies,
    "strategies.create": create,
    "strategies.update": update,
    "strategies.start": start,
    "strategies.stop": stop,
    "signals.take": take_signal,
    "signals.ready": ready,
}
