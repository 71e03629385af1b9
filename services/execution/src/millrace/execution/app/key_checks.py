"""Whether an exchange accepts keys, and what they hold there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.execution.app.ports import Exchanges, KeysRefused
from millrace.execution.domain.exchanges import Credentials, check_credentials, check_mode


@dataclass(frozen=True, slots=True)
class Checked:
    """What was said of keys: `valid` is None when nobody could be asked. `latency_ms` is how long it took."""

    valid: bool | None
    reason: str | None
    latency_ms: int | None
    checked_at: datetime


class KeyChecks:
    """Asks exchanges. The simulated venue of paper accounts accepts whatever is well formed."""

    def __init__(self, exchanges: Exchanges, clock: Clock) -> None:
        self._exchanges = exchanges
        self._clock = clock

    async def check(self, terms: Mapping[str, Any], credentials: Credentials) -> Checked:
        """`terms` are the account's `exchange`, `mode`, `account_type` and `settings`. Raises VALIDATION_ERROR for keys
        that cannot be this exchange's; being refused by it, or not answered, is an answer.
        """
        check_mode(terms["exchange"], terms["mode"])
        check_credentials(terms["exchange"], credentials)
        begun = self._clock.monotonic()
        valid: bool | None = True
        reason = None
        try:
            if terms["mode"] != "paper":
                await self.balances(terms, credentials)
        except KeysRefused as refusal:
            valid, reason = False, str(refusal)
        except MillraceError as problem:
            if problem.code is not Code.UNAVAILABLE:
                raise
            valid, reason = None, problem.message
        took = round((self._clock.monotonic() - begun) * 1000)
        return Checked(valid, reason, took if terms["mode"] != "paper" else None, self._clock.now())

    async def balances(self, terms: Mapping[str, Any], credentials: Credentials) -> dict[str, Decimal]:
        """What the keys' owner has at a real exchange. Raises `KeysRefused`, and UNAVAILABLE."""
        return await self._exchanges.balances(
            terms["exchange"],
            credentials,
            testnet=terms["mode"] == "testnet",
            account_type=terms["account_type"],
            options=terms["settings"].get("options", {}),
        )
