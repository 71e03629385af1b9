"""What a user's system mode lets bots do.

- `testing`: trading on paper only; a live bot does not enter.
- `live_trading`: live bots may enter too.
- `autopilot`: the same, and the platform runs a strategy of its own choice for the user, sized and stopped by the
  limits that the operator sets for it.

An exit passes in every mode.
"""

from typing import Any, Literal

Mode = Literal["testing", "live_trading", "autopilot"]
DEFAULT: Mode = "testing"

LIVE_IN_TESTING = "the system mode is testing: live bots do not enter"
DRAWN_DOWN = "the strategy's drawdown limit is reached"


def entry_barred(row: dict[str, Any]) -> str | None:
    """Why a bot may not enter; None when it may. `row` has the mode and, of a strategy's run, its drawdown."""
    if row["mode"] == "testing" and row["trading_mode"] == "live":
        return LIVE_IN_TESTING
    limit = row["max_drawdown"]
    if limit is not None and row["drawdown"] >= limit:
        return DRAWN_DOWN
    return None
