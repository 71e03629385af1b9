"""What a group's limits are to its accounts."""

from typing import Any

from millrace.gateway.app.asking import Asking
from millrace.gateway.app.operations.behind import made


async def hold_to_limits(asking: Asking, group: dict[str, Any]) -> None:
    """Have risk hold the accounts of a group, as it is now, to the group's limits.

    Raises UNAVAILABLE while risk has not heard of one of them; done again it holds all.
    """
    sent = {"account_ids": group["accounts"], "max_drawdown": group["max_drawdown"], "risk_limit": group["risk_limit"]}
    with made("group"):
        await asking.ask("risk", "PUT", f"/groups/{group['id']}/limits", json=sent)
