"""The life of a wallet transfer: requested, then approved or rejected, then completed or failed; or cancelled."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from millrace.common.kernel.errors import Code, MillraceError
from millrace.portfolio.domain.ledger import Leg

State = Literal["requested", "approved", "rejected", "completed", "failed", "cancelled"]
Verb = Literal["approve", "reject", "complete", "fail", "cancel"]

_STEPS: dict[tuple[str, str], State] = {
    ("requested", "approve"): "approved",
    ("requested", "reject"): "rejected",
    ("requested", "cancel"): "cancelled",
    ("approved", "complete"): "completed",
    ("approved", "fail"): "failed",
    ("approved", "cancel"): "cancelled",
}
MANUAL = "Transfer recorded. Manual action required for real exchange transfer."
WAITING = "Transfer recorded. It moves the paper money once it is approved."
UNDER_WAY = "Transfer approved. The paper money is being moved."
MOVED = "Transfer completed between paper accounts. No exchange was asked to move anything."


@dataclass(frozen=True, slots=True)
class End:
    """One end of a transfer: an account where the user has one there, with its mode and currency."""

    provider: str
    mode: str | None = None
    currency: str | None = None


def moves_money(source: End, target: End, currency: str) -> bool:
    """Whether it is between paper accounts that both keep `currency`: only then the ledger moves.

    Raises VALIDATION_ERROR where paper money would become real.
    """
    if source.mode and target.mode and source.mode != target.mode:
        reason = "is an account of another mode: paper money stays on paper"
        raise MillraceError(Code.VALIDATION_ERROR, f"the target {reason}", fields={"to_account_id": reason})
    return source.mode == target.mode == "paper" and source.currency == target.currency == currency


def after(state: str, verb: Verb, *, moving: bool) -> State:
    """The state that follows. Raises INVALID_STATE where the step does not exist.

    Once the money of a paper transfer moves, it can no longer be cancelled, and nobody but the move ends it.
    """
    following = _STEPS.get((state, verb))
    if following is None or (moving and state == "approved"):
        own = moving and state == "approved"
        text = "its money is being moved; it ends by itself" if own else f"a {state} transfer knows no {verb}"
        raise MillraceError(Code.INVALID_STATE, text, details={"status": state})
    return following


def legs(currency: str, amount: Decimal) -> tuple[Leg, Leg]:
    """Out of one account's cash and into the other's; together nothing."""
    return Leg("cash", currency, -amount), Leg("cash", currency, amount)
