"""What a group's limits are to its accounts."""

from decimal import Decimal
from typing import Any

from millrace.gateway.app.asking import Asking
from millrace.gateway.app.operations.behind import made


async def check_limits(asking: Asking, max_drawdown: Decimal | None) -> None:
    """Ask risk before a group gets a limit, since what is refused must not be half done. Raises VALIDATION_ERROR."""
    if max_drawdown is not None:
        await asking.ask("risk", "POST", "/groups/limits/check", json={"max_drawdown": max_drawdown})


async def hold_to_limits(asking: Asking, group: dict[str, Any]) -> None:
    """Have risk hold the accounts of a group, as it is now, to the group's limits.

    Raises UNAVAILABLE while risk has not heard of one of them; done again it holds all.
    """
    sent = {"account_ids": group["accounts"], "max_drawdown": group["max_drawdown"], "risk_limit": group["risk_limit"]}
    with made("group"):
        await asking.ask("risk", "PUT", f"/groups/{group['id']}/limits", json=sent)
