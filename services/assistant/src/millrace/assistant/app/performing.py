"""Doing what was confirmed, each action looked at again first."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, NamedTuple
from uuid import UUID

from millrace.assistant.app.facts import LIVE, Facts
from millrace.assistant.app.plans import (
    Action,
    CancelOrder,
    MoveBot,
    PlaceOrder,
    Plan,
    SetLimit,
    ThrowKill,
    limit_value,
)
from millrace.assistant.app.ports import Away, Platform
from millrace.assistant.domain.figures import percent, quantity
from millrace.common.auth.principal import Principal
from millrace.common.kernel.clock import from_millis
from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.ids import derive_id

_MOVED = Decimal("0.02")
"""How far the price may have moved since an order was shown, as a fraction, before it is not placed any more."""


class Result(NamedTuple):
    """What became of an action. `unknown`: its service stopped answering, and it may have been done or not."""

    status: Literal["done", "changed", "refused", "unknown"]
    message: str


class _Changed(Exception):
    """What an action is about is not as it was when it was shown, so it is not done."""


class Hands:
    """Carries out plans, action by action, in the user's name; one that fails does not stop the next."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def perform(self, user: Principal, plan_id: UUID, plan: Plan) -> list[Result]:
        """One result for each action, in their order."""
        return [await self._one(user, plan_id, number, action) for number, action in enumerate(plan)]

    async def _one(self, user: Principal, plan_id: UUID, number: int, action: Action) -> Result:
        facts, telling = Facts(self._platform, user), False
        try:
            method, service, path, asked = await _request(facts, action, plan_id, number)
            telling = True
            return Result("done", _done(action, await self._platform.tell(user, service, method, path, asked)))
        except _Changed as changed:
            return Result("changed", f"{changed}, so nothing was done")
        except Away as away:
            return Result("unknown" if telling else "refused", _away(away, telling=telling))
        except MillraceError as refused:
            return Result("refused", refused.message)


def _away(away: Away, *, telling: bool) -> str:
    what = "it is not known whether this was done, so look before you ask again" if telling else "nothing was done"
    return f"{away.message}; {what}"


async def _request(facts: Facts, action: Action, plan_id: UUID, number: int) -> tuple[str, str, str, Any]:
    """How an action is told, once all is still as it was shown: method, service, path, body. Raises `_Changed`."""
    match action:
        case MoveBot():
            status = (await facts.bot(action.bot_id))["status"]
            _same("the bot was", action.status, status)
            return "POST", "bots", f"/bots/{action.bot_id}/{action.verb}", None
        case CancelOrder():
            order = await facts.order(action.order_id)
            if order["state"] not in LIVE:
                raise _Changed(f"the order is {order['state']} by now")
            return "DELETE", "execution", f"/orders/{action.order_id}", None
        case SetLimit():
            now = (await facts.effective_limits())[action.limit]
            if (None if now is None else Decimal(str(now))) != action.before:
                raise _Changed("the limit was changed since it was shown")
            value = int(action.value) if action.limit == "max_open_orders" else action.value
            return "PUT", "risk", "/limits/effective", {action.limit: value}
        case ThrowKill():
            if action.on:
                return "POST", "risk", "/kill", {"reason": "thrown through the assistant"}
            return "DELETE", "risk", "/kill", {}
        case PlaceOrder():
            await _check_order(facts, action)
            return "POST", "execution", "/orders", _order(action, plan_id, number)


def _same(what: str, shown: str, now: str) -> None:
    if shown != now:
        raise _Changed(f"{what} {shown} when it was shown and is {now} now")


async def _check_order(facts: Facts, action: PlaceOrder) -> None:
    accounts = {row["id"]: row for row in await facts.accounts(action.exchange)}
    account = accounts.get(str(action.account_id))
    if account is None or account["mode"] != "paper" or not account["is_active"]:
        raise _Changed("the paper account is not there any more")
    price = Decimal(str((await facts.ticker(action.symbol, action.exchange))["price"]))
    if abs(price - action.reference) > action.reference * _MOVED:
        raise _Changed(f"the price has moved by more than {percent(_MOVED)}, from {action.reference} to {price}")


def _order(action: PlaceOrder, plan_id: UUID, number: int) -> Mapping[str, Any]:
    names = ("exchange", "symbol", "side", "order_type", "quantity", "price", "account_id")
    # The same intent whenever this very action is told, so that it can never become two orders.
    intent = derive_id(from_millis(plan_id.int >> 80), "assistant", plan_id, number)
    return {**{name: getattr(action, name) for name in names}, "intent_id": intent, "source": "assistant"}


def _done(action: Action, answer: Any) -> str:
    match action:
        case MoveBot():
            return f"bot {action.name!r} is {answer['status']}"
        case CancelOrder():
            ended = answer["state"] == "cancelled"
            return (
                f"order #{action.num} is {'cancelled' if ended else 'being cancelled, and ' + answer['state'] + ' yet'}"
            )
        case SetLimit():
            holds = limit_value(action.limit, Decimal(str(answer[action.limit])))
            return f"the limit is set; what holds now is {holds}"
        case ThrowKill():
            return f"your kill switch is {'thrown' if answer['active'] else 'released'}"
        case PlaceOrder():
            why = f" ({answer['reason']})" if answer["reason"] else ""
            return f"order #{answer['num']} is {answer['state']}{why}, {quantity(answer['filled_quantity'])} filled"
