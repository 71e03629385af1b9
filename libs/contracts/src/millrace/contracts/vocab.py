"""The words of the contracts for the same things, both ways."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.names import Contract

N, A, B, I, C = Contract  # noqa: E741
Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What each contract calls a thing. A contract without a word of its own uses ours."""

    name: str
    values: tuple[str, ...]
    words: Mapping[Contract, Words] = field(default_factory=dict)

    def say(self, value: str, contract: Contract) -> str:
        """The contract's word for a value of ours."""
        return self.words.get(contract, {}).get(value, value)

    def read_all(self, word: str, contract: Contract) -> tuple[str, ...]:
        """Every value of ours that a word covers, in any case: first by the contract, then by ours, then by all others.

        Raises VALIDATION_ERROR.
        """
        told = word.strip().lower()
        for spoken in (self.words.get(contract, {}), dict.fromkeys(self.values), *self.words.values()):
            known = {value: spoken.get(value) or value for value in self.values}
            if found := tuple(value for value, said in known.items() if said.lower() == told):
                return found
        reason = f"must be one of {', '.join(sorted({self.say(value, contract) for value in self.values}))}"
        raise MillraceError(Code.VALIDATION_ERROR, f"{self.name} {reason}", fields={self.name: reason})

    def read(self, word: str, contract: Contract) -> str:
        """The value of ours that a word means; the first one where it covers several."""
        return self.read_all(word, contract)[0]


def _upper(values: Iterable[str], **other: str) -> Words:
    return {value: value.upper() for value in values} | other


_SIDES = ("buy", "sell")
_TYPES = ("market", "limit", "stop_loss", "take_profit")
_FORCES = ("gtc", "ioc", "fok")
_STATES = (
    "open", "received", "approved", "submitting", "unknown",
    "partially_filled", "filled", "cancelled", "rejected", "refused", "expired",
)  # fmt: skip
_WAITING = ("received", "approved", "submitting", "unknown")
_BOTS = ("active", "created", "paused", "stopped")
_SEVERITIES = ("low", "medium", "high", "critical")
_LEVELS = {"low": "info", "medium": "warning", "high": "warning"}

SIDE = Vocabulary("side", _SIDES, {B: _upper(_SIDES), C: _upper(_SIDES)})
POSITION_SIDE = Vocabulary(
    "side", ("long", "short"), {I: {"long": "buy", "short": "sell"}, C: {"long": "LONG", "short": "SHORT"}}
)
ORDER_TYPE = Vocabulary("type", _TYPES, {B: _upper(_TYPES), C: _upper(_TYPES)})
TIME_IN_FORCE = Vocabulary("time_in_force", _FORCES, {C: _upper(_FORCES)})
ORDER_STATUS = Vocabulary(
    "status",
    _STATES,
    {
        A: {**dict.fromkeys(_WAITING, "pending"), "refused": "rejected"},
        B: {**dict.fromkeys((*_WAITING, "open"), "pending"), "refused": "rejected"},
        I: {**dict.fromkeys((*_WAITING, "open"), "placed"), "refused": "rejected", "expired": "cancelled"},
        C: _upper(_STATES, **dict.fromkeys((*_WAITING, "open"), "NEW"), cancelled="CANCELED", refused="REJECTED"),
    },
)
BOT_STATUS = Vocabulary(
    "status",
    _BOTS,
    {A: _upper(_BOTS, created="STOPPED"), B: {"created": "inactive", "stopped": "inactive"}},
)
SEVERITY = Vocabulary(
    "severity",
    _SEVERITIES,
    {
        N: {**_LEVELS, "critical": "critical"},
        B: {"low": "warning", "medium": "warning", "high": "critical"},  # from the critical threshold on
        I: _LEVELS,
        C: _upper(_SEVERITIES),
    },
)
BACKTEST_STATUS = Vocabulary(
    "status", ("running", "queued", "completed", "failed", "cancelled"), {B: {"queued": "running"}}
)
LIMIT_TYPE = Vocabulary(
    "limit_type",
    ("position_value", "daily_loss", "drawdown"),
    {
        B: {"position_value": "POSITION_SIZE", "daily_loss": "DAILY_LOSS", "drawdown": "DRAWDOWN"},
        I: {"position_value": "max_position_value", "daily_loss": "max_daily_loss", "drawdown": "max_drawdown"},
        C: {"position_value": "max_position_size", "daily_loss": "daily_loss_limit", "drawdown": "max_drawdown"},
    },
)
HEALTH = Vocabulary(
    "status",
    ("ok", "degraded", "down"),
    {B: {"ok": "healthy", **dict.fromkeys(("degraded", "down"), "unhealthy")}, A: {"down": "degraded"}},
)
ROLE = Vocabulary("role", ("admin", "viewer", "exporter", "trader"), {A: {"trader": "viewer"}})
