"""Kill switches: a full stop. While one is thrown, entries and exits of its scope are refused."""

from datetime import datetime
from typing import Any
from uuid import UUID

from millrace.common.auth.principal import Principal
from millrace.common.db.work import Work
from millrace.common.events.risk import KillSwitchChanged, RiskAlertRaised
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.ids import new_id
from millrace.risk.app.ports import Alerts, Switches


async def throw(
    work: Work, user: Principal, asked: Any, *, active: bool, now: datetime, switches: Switches, alerts: Alerts
) -> dict[str, Any]:
    """Throw or release a switch. Throwing one is told once, also as an alert.

    Once this is committed, no approval follows that was decided before it.
    """
    target = await _target(work, user, asked)
    owner = None if asked.scope == "global" else user.user_id
    changed = await switches.set(work, asked.scope, target, owner, active, asked.reason, now)
    if changed:
        said = KillSwitchChanged(
            user_id=user.user_id,
            scope=asked.scope,
            target=target.split("/")[-1],
            active=active,
            reason=asked.reason,
            changed_at=now,
        )
        work.emit(said, at=now)
        if active:
            alert = _alert(user, asked, target, now)
            await alerts.add(work, [alert])
            work.emit(alert, at=now)
    return {"scope": asked.scope, "target": target, "active": active, "changed": changed}


async def _target(work: Work, user: Principal, asked: Any) -> str:
    """The switch's name. Those of bots and accounts carry their owner, so that nobody can throw another's."""
    if asked.scope == "global":
        if not user.may("admin"):
            raise MillraceError(Code.PERMISSION_DENIED, "only an administrator may stop everybody")
        return "all"
    if asked.scope == "user":
        return str(user.user_id)
    try:
        target = UUID(asked.target or "")
    except ValueError:
        what = {"target": f"must be the id of the {asked.scope}"}
        raise MillraceError(Code.VALIDATION_ERROR, f"target {what['target']}", fields=what) from None
    query = "select 1 from books where user_id = $1 and account_id = $2"
    if asked.scope == "account" and await work.connection.fetchval(query, user.user_id, target) is None:
        raise not_found("account")
    return f"{user.user_id}/{target}"


def _alert(user: Principal, asked: Any, target: str, now: datetime) -> RiskAlertRaised:
    name = target.split("/")[-1]
    return RiskAlertRaised(
        alert_id=new_id(),
        user_id=user.user_id,
        account_id=UUID(name) if asked.scope == "account" else None,
        alert_type="kill_switch",
        severity="critical",
        message=f"trading of {asked.scope} {name} is stopped: {asked.reason}",
        action_taken="trading_stopped",
        triggered_at=now,
    )
