"""Groups of accounts, and orders for all of one."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical import accounts
from millrace.contracts.canonical.frame import ById, Done, Listing, Page
from millrace.contracts.canonical.performance import AskPerformance, Performance
from millrace.contracts.canonical.trading import Executed, ExecuteForGroup
from millrace.gateway.app.asking import Asking, Handlers
from millrace.gateway.app.operations.behind import made
from millrace.gateway.app.operations.limits import check_limits, hold_to_limits
from millrace.gateway.app.operations.pages import gathered, rows
from millrace.gateway.app.operations.performance import DOLLARS, fractions, report
from millrace.gateway.app.operations.refs import uuid_of

_DEFAULT_DAYS = 30
_LIMITS = {"drawdown": "max_drawdown", "daily_loss_fraction": "risk_limit"}


async def described(asking: Asking, row: dict[str, Any]) -> accounts.Group:
    """A group with how its accounts did together."""
    members = row["accounts"]
    did: dict[str, Any] = {}
    if members:
        query = {"account_id": members, "period": "all", "currency": DOLLARS}
        with made("group"):
            did = fractions(await asking.ask("portfolio", "GET", "/performance", query=query))
    return accounts.Group(
        id=row["id"],
        name=row["name"],
        description=row["description"],
        accounts=tuple(members),
        max_drawdown=row["max_drawdown"],
        monthly_target=row["target_monthly_roi"],
        risk_limit=row["risk_limit"],
        performance=did,
        stream=(await _streams(asking, members))[1],
    )


async def _streams(asking: Asking, members: list[str]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    found = await gathered(asking.ask("execution", "GET", f"/accounts/{member}") for member in members)
    connected = sum(1 for row in found if row["ws_status"]["connected"])
    return found, {"connected": connected, "total": len(found)}


async def _one(asking: Asking, group: UUID) -> dict[str, Any]:
    found: dict[str, Any] = await asking.ask("execution", "GET", f"/groups/{group}")
    return found


async def list_groups(asking: Asking, asked: Listing) -> Page[accounts.Group]:
    """The caller's groups."""
    found, total = await rows(asking, "execution", "/groups", {}, asked.limit, asked.offset)
    items = await gathered(described(asking, row) for row in found)
    return Page(items=tuple(items), total=total, limit=asked.limit, offset=asked.offset)


async def get(asking: Asking, asked: ById) -> accounts.Group:
    """One of them."""
    return await described(asking, await _one(asking, uuid_of(asked.id, "group")))


def _terms(asked: accounts.SetGroup) -> dict[str, Any]:
    sent = asked.model_dump(exclude={"id", "monthly_target", "accounts"}, exclude_none=True)
    if asked.monthly_target is not None:
        sent["target_monthly_roi"] = asked.monthly_target
    if asked.accounts is not None:
        sent["accounts"] = [uuid_of(account, "account") for account in asked.accounts]
    return sent


async def create(asking: Asking, asked: accounts.SetGroup) -> accounts.Group:
    """A new group; its limits hold from now on for each account in it."""
    await check_limits(asking, asked.max_drawdown)
    row = await asking.ask("execution", "POST", "/groups", json={**_terms(asked), "intent_id": asking.intent})
    await hold_to_limits(asking, row)
    return await described(asking, row)


async def update(asking: Asking, asked: accounts.SetGroup) -> accounts.Group:
    """The group as it is after the change."""
    if asked.id is None:
        raise MillraceError(Code.VALIDATION_ERROR, "group_id is required", fields={"group_id": "is required"})
    await check_limits(asking, asked.max_drawdown)
    row = await asking.ask("execution", "PATCH", f"/groups/{uuid_of(asked.id, 'group')}", json=_terms(asked))
    await hold_to_limits(asking, row)
    return await described(asking, row)


async def delete(asking: Asking, asked: ById) -> Done:
    """It is gone; its accounts stay, without the group's limits."""
    group = uuid_of(asked.id, "group")
    await _one(asking, group)
    await asking.ask("risk", "PUT", f"/groups/{group}/limits", json={"account_ids": []})  # a retry finds the group
    await asking.ask("execution", "DELETE", f"/groups/{group}")
    return Done(at=asking.now, subject=str(group))


async def performance(asking: Asking, asked: AskPerformance) -> Performance:
    """How the accounts of a group did together; one without any has earned nothing since it was made."""
    if asked.id is None:
        raise MillraceError(Code.VALIDATION_ERROR, "group_id is required", fields={"group_id": "is required"})
    row = await _one(asking, uuid_of(asked.id, "group"))
    if not row["accounts"]:
        start = asked.start or datetime.fromisoformat(row["created_at"])
        return Performance(subject=row["id"], period=asked.period, start=start, end=asked.end or asking.now)
    return await report(asking, asked, [UUID(member) for member in row["accounts"]], subject=row["id"])


async def metrics(asking: Asking, asked: ById) -> accounts.GroupMetrics:
    """How near the group's accounts are to its limits, in percent, whether they are heard, and what they hold."""
    row = await _one(asking, uuid_of(asked.id, "group"))
    limits = (await asking.ask("risk", "GET", f"/groups/{row['id']}/limits"))["items"]
    members, stream = await _streams(asking, row["accounts"])
    held: dict[str, Any] = {}
    for member in members:
        query = {"account_id": member["id"], "currency": member["currency"]}
        funds = await asking.ask("portfolio", "GET", "/balance", query=query)
        cash = {one["asset"]: one["wallet_balance"] for one in funds["assets"]}
        held[member["id"]] = {
            "currency": member["currency"],
            "balance": float(cash.get(member["currency"], 0)),  # as the account itself is told with
            "equity": float(funds["margin_balance"]),
        }
    shares = {"limit": "limit_value", "current": "current_value", "utilization": "utilization"}
    used = {_LIMITS[one["limit_type"]]: {name: _percents(one[kept]) for name, kept in shares.items()} for one in limits}
    return accounts.GroupMetrics(risk=used, stream=stream, balances=held)


async def history(asking: Asking, asked: accounts.AskHistory) -> accounts.GroupHistory:
    """What the group's accounts were worth and earned, step by step."""
    row = await _one(asking, uuid_of(asked.id, "group"))
    end = asked.end or asking.now
    start = asked.start or end - timedelta(days=_DEFAULT_DAYS)
    if not row["accounts"]:
        return accounts.GroupHistory(points=(), interval=asked.interval, start=start, end=end)
    query = {"account_id": row["accounts"], "interval": asked.interval}
    query |= {"currency": DOLLARS, "start_date": start.isoformat(), "end_date": end.isoformat()}
    found = await asking.ask("portfolio", "GET", "/performance/history", query=query)
    points = tuple(
        {
            "date": item["start"],
            "balance": float(item["balance"]),
            "profit": float(item["gained"]),
            "return": _percents(item["fraction"]),
        }
        for item in found["items"]
    )
    return accounts.GroupHistory(points=points, interval=asked.interval, start=start, end=end)


def _percents(fraction: str) -> float:
    return round(float(Decimal(fraction) * 100), 4)


async def add(asking: Asking, asked: accounts.GroupMembers) -> accounts.MembersChanged:
    """Accounts join; each is told of by itself."""
    group = uuid_of(asked.id, "group")
    known = [ref for ref in asked.accounts if isinstance(ref, UUID)]
    found = await asking.ask("execution", "POST", f"/groups/{group}/accounts", json={"account_ids": known})
    await hold_to_limits(asking, found["group"])
    failed = [_not_joined(each["account_id"], each["code"], each["message"]) for each in found["failed"]]
    failed += [_not_joined(str(ref), Code.NOT_FOUND, "account not found") for ref in asked.accounts if ref not in known]
    return accounts.MembersChanged(
        group=await described(asking, found["group"]), done=tuple(found["success"]), failed=tuple(failed)
    )


def _not_joined(account: str, code: str, reason: str) -> dict[str, str]:
    return {"account_id": account, "code": code, "error": reason}


async def remove(asking: Asking, asked: accounts.GroupMembers) -> accounts.MembersChanged:
    """Accounts leave."""
    group = uuid_of(asked.id, "group")
    row: dict[str, Any] = {}
    for ref in asked.accounts:
        row = await asking.ask("execution", "DELETE", f"/groups/{group}/accounts/{uuid_of(ref, 'account')}")
    await hold_to_limits(asking, row)
    done = tuple(str(ref) for ref in asked.accounts)
    return accounts.MembersChanged(group=await described(asking, row), done=done)


async def execute(asking: Asking, asked: ExecuteForGroup) -> Executed:
    """One order for each of the group's accounts, sized by what it is worth; each is told of by itself."""
    sent = {
        "intent_id": asking.intent,
        "symbol": asked.spelling,
        "side": asked.side,
        "order_type": asked.order_type,
        "risk_fraction": asked.risk,
        "leverage": asked.leverage,
        "take_profit": asked.take_profit,
    }
    group = uuid_of(asked.group_id, "group")
    found = await asking.ask("execution", "POST", f"/groups/{group}/orders", json=sent)
    return Executed(
        correlation_id=found["correlation_id"],
        success_count=found["success_count"],
        error_count=found["error_count"],
        results=tuple(_leg(leg, asked.spelling) for leg in found["results"]),
    )


def _leg(leg: dict[str, Any], symbol: str) -> dict[str, Any]:
    shown = {"account_id": leg["account_id"], "symbol": symbol, "success": leg["success"]}
    if leg["order"] is not None:
        shown |= {"order_id": leg["order"]["order_id"], "status": leg["order"]["state"]}
        shown["quantity"] = leg["order"]["quantity"]
    if leg["error"] is not None:
        shown["error"] = leg["error"]["message"]
    return shown


HANDLERS: Handlers = {
    "groups.list": list_groups,
    "groups.get": get,
    "groups.create": create,
    "groups.update": update,
    "groups.delete": delete,
    "groups.performance": performance,
    "groups.metrics": metrics,
    "groups.history": history,
    "groups.add": add,
    "groups.remove": remove,
    "groups.execute": execute,
}
