"""Limits, and what happened near them."""

from decimal import Decimal
from typing import Any

from millrace.contracts.canonical import risk
from millrace.contracts.canonical.frame import Page
from millrace.gateway.app.asking import Asking, Handlers
from millrace.gateway.app.operations.pages import rows

_SHOWN = {"position_value", "daily_loss", "drawdown"}
_PERCENT = Decimal(100)


def limit(row: dict[str, Any]) -> risk.RiskLimit:
    """A limit as the risk service tells of one; thresholds as fractions."""
    return risk.RiskLimit(
        id=row["id"],
        num=row["num"],
        user_id=row["user_id"],
        limit_type=row["limit_type"],
        symbol=row["symbol"],
        value=row["limit_value"],
        current_value=row["current_value"],
        utilization=row["utilization"],
        warning_threshold=Decimal(row["warning_threshold"]) / _PERCENT,
        critical_threshold=Decimal(row["critical_threshold"]) / _PERCENT,
        enabled=row["enabled"],
        source=row["source"],
        created_at=row["created_at"],
    )


async def limits(asking: Asking, asked: risk.ListLimits) -> risk.RiskLimits:
    """Every limit that holds for the caller, the system's too, and the strictest of each kind."""
    found = await asking.ask("risk", "GET", "/limits")
    effective = await asking.ask("risk", "GET", "/limits/effective")
    rows = [row for row in found["items"] if row["limit_type"] in _SHOWN and (row["source"] == "user" or not asked.own)]
    end = None if asked.limit is None else asked.offset + asked.limit
    return risk.RiskLimits(
        items=tuple(limit(row) for row in rows[asked.offset : end]),
        max_position_value=effective["max_position_value"],
        max_daily_loss=effective["max_daily_loss"],
        max_drawdown=effective["max_drawdown"],
        updated_at=effective["updated_at"] or max((row["updated_at"] for row in rows), default=asking.now),
        origin=found["last_contract"],
    )


async def create(asking: Asking, asked: risk.CreateLimit) -> risk.RiskLimit:
    """A limit of the caller's own."""
    sent = {
        "limit_type": asked.limit_type,
        "limit_value": asked.value,
        "symbol": asked.symbol,
        "warning_threshold": asked.warning_threshold * _PERCENT,
        "critical_threshold": asked.critical_threshold * _PERCENT,
        "contract": asked.origin,
    }
    made = limit(await asking.ask("risk", "POST", "/limits", json=sent))
    return made.model_copy(update={"spelling": asked.spelling})


async def update(asking: Asking, asked: risk.UpdateLimit) -> risk.RiskLimit:
    """The limit after the change."""
    sent: dict[str, Any] = {"enabled": asked.enabled, "contract": asked.origin}
    if asked.value is not None:
        known = (await asking.ask("risk", "GET", "/limits"))["items"]
        kinds = {
            row["limit_type"] for row in known if asked.id in (row["num"], row["id"]) or str(asked.id) == row["id"]
        }
        sent["limit_value"] = asked.value / _PERCENT if kinds == {"drawdown"} else asked.value
    return limit(await asking.ask("risk", "PATCH", f"/limits/{asked.id}", json=sent))


async def set_all(asking: Asking, asked: risk.SetLimits) -> risk.RiskLimits:
    """The caller's limits for everything they have."""
    names = ("max_position_value", "max_daily_loss", "max_drawdown")
    sent = {name: getattr(asked, name) for name in names} | {"contract": asked.origin}
    await asking.ask("risk", "PUT", "/limits/effective", json=sent)
    return await limits(asking, risk.ListLimits())


async def events(asking: Asking, asked: risk.ListRiskEvents) -> Page[risk.RiskEvent]:
    """What came near a limit, newest first."""
    query: dict[str, Any] = {
        "level": list(asked.severities) or None,
        "since": asked.start and asked.start.isoformat(),
        "until": asked.end and asked.end.isoformat(),
    }
    if asked.active:
        query["active"] = True
    found, total = await rows(asking, "risk", "/alerts", query, asked.limit, asked.offset)
    items = tuple(
        risk.RiskEvent(
            id=row["id"],
            num=row["num"],
            event_type=row["alert_type"],
            severity=row["level"],
            symbol=row["symbol"],
            message=row["message"],
            current_value=row["current_value"] or Decimal(0),
            limit_value=row["limit_value"] or Decimal(0),
            action_taken=row["action_taken"],
            at=row["triggered_at"],
        )
        for row in found
    )
    return Page(items=items, total=total, limit=asked.limit, offset=asked.offset)


HANDLERS: Handlers = {
    "risk.limits": limits,
    "risk.create_limit": create,
    "risk.update_limit": update,
    "risk.set_limits": set_all,
    "risk.events": events,
}
